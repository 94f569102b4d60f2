"""Frames of DVB-S2 and DVB-S2X: ETSI EN 302 307-1 and -2."""
