"""Interference: aggregate C/I, borders, coexistence, jammers, and epfd against Article 22."""
