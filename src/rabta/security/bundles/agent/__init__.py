"""A node that takes, keeps, forwards and delivers bundles, and the convergence layers below it."""

from __future__ import annotations

from rabta.security.bundles.agent.node import Agent
from rabta.security.bundles.agent.policy import Policy

__all__ = ["Agent", "Policy"]
