"""Drawn rain against the Recommendations that it is made from, and beside those that it is not."""
