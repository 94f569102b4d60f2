"""How much the network carries: flows of many pairs at once, fair shares, and bounds that certify them."""
