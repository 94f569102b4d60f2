"""A node: identity, sessions, groups, bundles and audit together, over simulated links or UDP."""
