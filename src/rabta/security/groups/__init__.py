"""A key for everybody but the revoked: subset-difference broadcast to receivers that keep no state."""

from __future__ import annotations

from rabta.security.groups.authority import Authority
from rabta.security.groups.device import Device
from rabta.security.groups.header import Header

__all__ = ["Authority", "Device", "Header"]
