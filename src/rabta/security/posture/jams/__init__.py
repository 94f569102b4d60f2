"""Jamming reach: user links, what they stand, and J/S over the map."""
