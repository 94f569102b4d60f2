"""What still works when elements fail or are denied, for whom, and what the loss is worth."""
