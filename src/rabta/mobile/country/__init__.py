"""Every cell of a nation on its best terrestrial or satellite layer, hour by hour."""
