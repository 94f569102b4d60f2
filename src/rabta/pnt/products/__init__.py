"""Products of analysis centres: precise orbits and clocks, antennas, maps of the ionosphere, stations."""
