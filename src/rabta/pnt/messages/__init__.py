"""Navigation messages as satellites send them, to ephemerides and back.

D1, D2, B-CNAV1, B-CNAV2, B-CNAV3, and the messages of the other systems.
"""
