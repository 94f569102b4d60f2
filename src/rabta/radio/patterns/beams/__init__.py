"""Beams of satellites: hexagonal layouts, frequency reuse, steering, footprints, and what a downlink gets."""
