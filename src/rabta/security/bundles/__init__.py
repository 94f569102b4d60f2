"""Store-and-forward: bundles (RFC 9171), their security (RFC 9172, 9173), store, contact plans, agent."""
