"""Seeded observations and samples: true orbits, clocks, atmosphere, multipath; what attacks are put into."""
