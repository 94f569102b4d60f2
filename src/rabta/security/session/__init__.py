"""Packets after the handshake: counters, replay window, epochs, a ratchet at handovers, refresh."""
