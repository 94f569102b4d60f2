"""Suites of emulation."""
