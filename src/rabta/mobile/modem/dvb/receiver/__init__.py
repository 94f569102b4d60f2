"""Synchronisation of a receiver: frequency and timing, where frames start, phase and noise."""
