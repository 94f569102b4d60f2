"""From samples to bits: ranging codes, acquisition, tracking, decoding; BeiDou and GPS L1 C/A."""
