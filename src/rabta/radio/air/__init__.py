"""Paths between the ground and aircraft: ITU-R P.528 and 3GPP TR 36.777.

`p528.loss_db` and `transmission_loss`, `uav.path_loss_db` and its kin, `links.link_loss_db` for either.
"""
