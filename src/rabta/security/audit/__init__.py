"""The append-only log: tiles on disk, checkpoints, proofs, witnesses, and what two nodes find when they meet.

Formats are C2SP's: tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature, tlog-witness, tlog-proof.
"""
