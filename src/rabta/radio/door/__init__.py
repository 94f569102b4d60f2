"""One front door to every link: it picks the Recommendation and says its range of validity."""
