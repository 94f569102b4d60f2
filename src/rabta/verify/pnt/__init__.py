"""Suites of navigation: formats, orbits, positions, carrier phase, integrity, attacks, baseband, service."""
