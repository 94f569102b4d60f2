"""The ground as one graph: fibre, microwave, cables, exchanges and gateways, with capacities and owners."""
