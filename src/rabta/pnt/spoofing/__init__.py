"""Jamming and spoofing: what gives them away, and attacks to prove it with."""
