"""Position, velocity and time from pseudoranges: weighting, fault exclusion, differential corrections."""
