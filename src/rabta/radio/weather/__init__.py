"""Rain that falls at times and places: a drawn field, links and gateways behind it, diversity of sites."""
