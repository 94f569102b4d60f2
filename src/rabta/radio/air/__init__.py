"""Paths between the ground and aircraft: ITU-R P.528 and 3GPP TR 36.777."""
