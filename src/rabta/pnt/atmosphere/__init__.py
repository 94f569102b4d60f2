"""Delays between satellite and antenna, and what moves the antenna.

Ionosphere (Klobuchar, BDGIM, NeQuick-G, maps), troposphere, tides, antenna corrections.
"""
