"""Sensing by radio sites that also communicate: where they see a small aircraft."""
