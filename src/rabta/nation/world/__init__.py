"""Any country, coarsely, from data that Python packages carry: outline, towns, terrain, cover, climate."""
