"""RINEX 2, 3 and 4: observations and navigation messages, plain, compressed or Hatanaka, both ways."""
