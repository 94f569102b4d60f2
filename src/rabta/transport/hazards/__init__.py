"""Joint hazards: floods, earthquakes, heat, failures of the grid and of cables, drawn year by year.

A draw is a year. Every random number is a function of the seed, the hazard, the element and the draw
(`rabta.transport.hazards.streams`), so that all variants of a plan meet the same years, an added element
changes no other's, and neither chunks nor threads change a bit.
"""
