"""Append-only log of what matters (credentials, revocations, policies), so that nothing is done in secret.

Formats are those of C2SP (c2sp.org: tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature, tlog-witness,
tlog-proof), hashes those of RFC 9162 (the same as RFC 6962's).
"""
