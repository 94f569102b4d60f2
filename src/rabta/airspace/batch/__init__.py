"""Many flights at once, on grids and in continuous time, none in another's way, checked independently."""
