"""A software modem: bits to IQ samples, the channel of a satellite's pass, and back to bits."""
