"""Fading of a link in samples and on the grid: TDL and CDL of TR 38.901, NTN-TDL and NTN-CDL of TR 38.811.

`channel.response` and `clusters.response` draw taps over time, `channel.on_grid` gives the channel of
subcarriers, `channel.apply` sends samples through it; `motion.Track` is a satellite's delay that changes.
"""
