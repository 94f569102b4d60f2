"""Products of analysis centres.

Orbits (SP3), clocks (CLK), antennas (ANTEX), ionosphere maps (IONEX), positions (SINEX).
"""
