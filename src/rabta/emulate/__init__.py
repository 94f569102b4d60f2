"""Real packets on the run's network: hosts in namespaces, links that follow the run, one engine between them."""
