"""Antenna files of users: cuts from CSV and Planet (.msi, .pln, .ant), and their gain over the sphere."""
