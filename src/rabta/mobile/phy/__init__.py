"""The physical layer of NR: codes, rate matching, symbols, waveforms and channels, bit by bit."""
