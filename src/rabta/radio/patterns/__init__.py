"""Antennas: reference patterns, arrays, apertures, beams in layouts, and files of users."""
