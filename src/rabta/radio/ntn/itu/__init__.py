"""Paths to satellites as the ITU models them: interference (P.619-5) and vehicles on the road (P.681-11)."""
