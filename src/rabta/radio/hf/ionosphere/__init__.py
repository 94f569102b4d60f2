"""The ionosphere as HF planning sees it: magnetic field, maps of the F2 layer, E layer, sun."""
