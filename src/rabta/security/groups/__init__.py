"""A key for everybody but the revoked: subset-difference broadcast to receivers that keep no state."""
