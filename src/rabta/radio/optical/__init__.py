"""Laser links between satellites and to the ground: beams, pointing, photons, turbulence, clouds."""
