"""Who shares the air: antennas, and interference."""
