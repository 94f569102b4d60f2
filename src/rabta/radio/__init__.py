"""Radio links: antennas, attenuation, rates."""
