"""Navigation: receivers' data to position, time and integrity; BeiDou first, all constellations beside it.

From a file to a nation: ``rinex``, ``products``, ``streams`` and ``messages`` read what receivers and
analysis centres write into the column arrays of ``records``; ``orbits`` and ``atmosphere`` say where
satellites were and what delayed them; ``position`` solves; ``precise``, ``integrity``, ``tracks`` and
``spoofing`` build on it; ``service`` asks the same over a country. ``baseband`` begins with samples.
"""
