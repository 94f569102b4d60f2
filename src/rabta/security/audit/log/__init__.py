"""The log on disk: entries and tiles (C2SP tlog-tiles), a journal before them, the newest checkpoint."""

from __future__ import annotations

from rabta.security.audit.log.store import Log

__all__ = ["Log"]
