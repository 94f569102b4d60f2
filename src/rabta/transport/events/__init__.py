"""Events of a run in time: links, handovers of satellites and gateways, path changes and outages."""
