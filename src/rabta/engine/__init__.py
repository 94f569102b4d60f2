"""The engine: evaluates stages in order, chunk by chunk where they allow it, through the cache."""
