"""One round trip to a session: mutually authenticated, hybrid, in fragments of at most 1,200 bytes."""
