"""Position over time: a filter aided by motion, for vehicles and aircraft."""
