"""Where a signal starts and how far its frequency is off: cyclic prefixes, synchronisation signals."""
