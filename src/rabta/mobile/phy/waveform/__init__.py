"""NR's waveform: symbols, scrambling, pilots, OFDM, channel estimates and equalisers (3GPP TS 38.211)."""
