"""How capacity reaches the nation: sharing, gateways, latency."""
