"""Carrier phase: real-time kinematic with integer ambiguities, precise point positioning."""
