"""A link from transport block to transport block, its error tables, and what the system level reads."""
