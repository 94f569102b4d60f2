"""Broadcast remote ID: messages of ASTM F3411-22a in bytes, and what carries them."""
