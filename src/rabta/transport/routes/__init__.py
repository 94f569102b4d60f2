"""Ways through satellites and ground together: forwarding, delays between places, path changes."""
