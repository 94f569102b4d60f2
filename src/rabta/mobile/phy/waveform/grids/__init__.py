"""What lies where in a slot: shared channels around their pilots, and the synchronisation block."""
