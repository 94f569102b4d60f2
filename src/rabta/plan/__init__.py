"""What to build: candidates, costs, optimisation."""
