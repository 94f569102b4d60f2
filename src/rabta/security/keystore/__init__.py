"""Where private keys lie: files that only their owner reads, and tokens that never give a key away."""
