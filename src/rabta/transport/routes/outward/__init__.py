"""The search from one end outwards, compiled: `rabta.transport.routes.search` is its public face."""
