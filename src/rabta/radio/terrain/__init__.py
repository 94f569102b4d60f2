"""Paths over the ground: ITU-R P.1812, P.452 and P.526 over profiles of the terrain."""
