"""Airspace services on the network: requests become calls, and answers messages."""
