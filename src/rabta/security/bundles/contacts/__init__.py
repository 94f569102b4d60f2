"""Contact plans: who can send to whom when, ways over them in time, what was booked."""

from __future__ import annotations

from rabta.security.bundles.contacts.plan import Contact, Plan
from rabta.security.bundles.contacts.routing import Hop, Route, route

__all__ = ["Contact", "Hop", "Plan", "Route", "route"]
