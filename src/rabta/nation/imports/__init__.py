"""A user's own file in place of a layer of the nation: read, checked, put on the cells, reported."""
