"""Optical links between satellites and to the ground."""
