"""Suites of information security."""
