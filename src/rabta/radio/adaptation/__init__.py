"""Modulation and coding that follows fades, and what rain did to measured networks."""
