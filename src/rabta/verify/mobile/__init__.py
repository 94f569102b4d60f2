"""Suites of the mobile networks: cells, baseband, handover, modem, sensing."""
