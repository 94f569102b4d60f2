"""Flows, connections and ways without one element or two: exact, compiled."""
