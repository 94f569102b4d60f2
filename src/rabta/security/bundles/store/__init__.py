"""What a node keeps on disk: bundles that it accepted, what it has seen, the counters that it gave out."""

from __future__ import annotations

from rabta.security.bundles.store.database import Store
from rabta.security.bundles.store.quota import Dropped, Quota

__all__ = ["Dropped", "Quota", "Store"]
