"""LDPC codes of NR's data channels: base graphs, coding, rate matching (3GPP TS 38.212)."""
