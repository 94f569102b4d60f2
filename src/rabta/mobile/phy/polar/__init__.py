"""Polar codes of NR's control channels: 3GPP TS 38.212, clauses 5.3.1, 5.4.1, 6.3, 7.1 and 7.3."""
