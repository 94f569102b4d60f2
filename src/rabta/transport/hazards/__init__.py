"""Hazards drawn together over the country (flood, heat, quake, cut), and what they were in the past."""
