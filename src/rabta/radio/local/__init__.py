"""The last stretch: clutter (P.2108), buildings (P.2109), streets (P.1411), woods (P.833), hops (P.530)."""
