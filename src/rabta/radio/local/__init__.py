"""The last stretch: clutter (P.2108), entry into buildings (P.2109), streets (P.1411), line of sight (P.530)."""
