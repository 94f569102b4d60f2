"""The ordered log that airspace services keep: in SQLite for one instance, in PostgreSQL for several."""

from rabta.airspace.store.log import Log, Writing, opened

__all__ = ["Log", "Writing", "opened"]
