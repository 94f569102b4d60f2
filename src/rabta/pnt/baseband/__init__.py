"""Baseband: ranging codes, acquisition, tracking and decoding of IF samples; samples made to measure."""
