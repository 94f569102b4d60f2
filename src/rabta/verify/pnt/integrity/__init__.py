"""Suites of integrity and time."""
