"""The rest of the sky: maps of users, cross-polarisation, diversity, risk between years, atlases."""
