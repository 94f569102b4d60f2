"""The nation: cells, people, demand and the networks it has today."""
