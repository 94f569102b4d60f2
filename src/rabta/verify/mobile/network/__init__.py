"""Networks of cells and beams against published calibrations and theory."""
