"""Navigation over a nation.

Geometry, availability, accuracy, integrity, and what is left when systems are lost.
"""
