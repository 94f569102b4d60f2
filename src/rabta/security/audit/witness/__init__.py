"""Witnesses (C2SP tlog-witness): each remembers a log's newest head and signs only what goes on from it."""

from __future__ import annotations

from rabta.security.audit.witness.client import Remote, gather
from rabta.security.audit.witness.state import Request, Witness

__all__ = ["Remote", "Request", "Witness", "gather"]
