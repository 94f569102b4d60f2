"""Ways of a whole constellation, computed while packets flow: a program of its own, pages for the engine."""
