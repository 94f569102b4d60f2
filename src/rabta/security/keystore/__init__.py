"""Where private keys lie: files for their owner only, written whole, or a PKCS#11 token."""
