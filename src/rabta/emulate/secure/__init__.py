"""What keeps emulated hosts' traffic secret and whole: the overlay, bundles over outages, WireGuard.

Each is a program for both ends, run as ``python -m`` inside a host, and a function that starts both.
"""
