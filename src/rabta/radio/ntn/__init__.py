"""Paths to satellites as 3GPP and the ITU model them: TR 38.811, TR 38.821, P.619 and P.681."""
