"""Error correction of DVB-S2(X): an outer BCH code around an LDPC code of 360-fold symmetry."""
