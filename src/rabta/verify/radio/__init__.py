"""Radio against published numbers: the sky, terrain, air, space, HF, antennas and interference."""
