"""What besides line of sight keeps links from carrying: limits of lasers, the geostationary arc."""
