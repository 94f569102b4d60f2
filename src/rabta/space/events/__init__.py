"""Exact times: when satellites rise and set, when users are handed over, and for how long there is none."""
