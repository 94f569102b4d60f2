"""Frames of NR over a satellite: synchronisation, control, data."""
