"""Cells on the ground and beams from above as one system: signals, schedulers, slices, relays, energy."""
