"""The handshake and session as terms, and a bounded search for what an attacker on the network can do."""
