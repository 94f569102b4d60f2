"""PPP-B2b, BeiDou's own precise corrections: messages, their ages and issues, corrected orbits and clocks."""
