"""Real packets on the run's network: hosts in namespaces, links that follow it, an engine between."""
