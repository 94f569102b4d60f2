"""What runs on the hosts: programs of others, and small ones of our own, with what they measured.

Our own are modules of the standard library alone (but for QUIC), run as ``python -m`` inside a host, so that
they start soon.
"""
