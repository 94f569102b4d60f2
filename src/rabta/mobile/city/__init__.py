"""Ray tracing of a city block, with the extra `rt`."""
