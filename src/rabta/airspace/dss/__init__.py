"""Discovery and synchronization: what there is in the airspace, and who must hear of a change."""
