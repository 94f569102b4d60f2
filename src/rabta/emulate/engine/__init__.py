"""The engine: what happens to a packet, in real time between interfaces or in virtual time."""
