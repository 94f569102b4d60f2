"""Moving users and moving cells: measurements, handover, corridors of aircraft, timing over satellites."""
