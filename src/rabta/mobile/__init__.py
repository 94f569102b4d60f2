"""Terrestrial and aerial cells."""
