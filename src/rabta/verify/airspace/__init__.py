"""Suites of the low airspace."""
