"""Satellites: elements, orbits, frames, visibility."""
