"""Whether aircraft are where their plans say, and what is shared when they are not."""
