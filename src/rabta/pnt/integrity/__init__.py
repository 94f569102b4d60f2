"""How far a position may be wrong: RAIM, ARAIM with several faults, protection levels, timing."""
