"""Information security of the network, down to the packet.

Who a node is (`identity`, with its keys in `keystore` and its issuing in the log of `audit`), how two
nodes agree on keys (`handshake`), how they exchange packets through handovers and crashes (`session`), how a
million of them are told of a revocation (`groups`), how data wait for a contact (`bundles`), all of it
together as a node (`overlay`), a machine-checked model of it (`model`), and who can see or cut each path of a
run (`posture`).

Not claimed: resistance to side channels in Python, FIPS validation, certified communications security; keys
lie in process memory and are not wiped.
"""
