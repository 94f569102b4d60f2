"""Who can see or cut each path of a run, what it rests on, what jammers reach, what the overlay changes."""
