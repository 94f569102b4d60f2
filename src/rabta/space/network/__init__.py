"""The moving network: who is linked to whom, how far apart, and the shortest ways to the ground sites."""
