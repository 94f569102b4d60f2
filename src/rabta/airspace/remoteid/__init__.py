"""Remote identification of unmanned aircraft, by ASTM F3411."""
