"""Network remote ID by ASTM F3411-22a and F3411-19: flights shown to others, and those of others shown."""
