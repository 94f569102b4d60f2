"""Sections on the links to people: the radio paths and the mobile networks."""
