"""Flow programmes against known values."""
