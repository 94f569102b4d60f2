"""Fading of a link in samples and on the grid: TDL and CDL of TR 38.901, NTN-TDL and NTN-CDL of TR 38.811."""
