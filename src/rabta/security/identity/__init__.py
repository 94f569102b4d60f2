"""Who a node is: credentials under an m-of-n root, accepted only with a proof from the log."""
