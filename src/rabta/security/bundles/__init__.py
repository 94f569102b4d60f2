"""Store and forward: BPv7 bundles with BPSec, kept in SQLite, sent along a contact plan, each taken once."""
