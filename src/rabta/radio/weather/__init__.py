"""Rain that falls at times and in places: correlated fields, gateway diversity, fades of every link."""
