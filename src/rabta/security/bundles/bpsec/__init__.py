"""Bundle security (RFC 9172): the default contexts of RFC 9173, and one of our own for first contact."""
