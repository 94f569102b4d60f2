"""Suites of handover and of timing."""
