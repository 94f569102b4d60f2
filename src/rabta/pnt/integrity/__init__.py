"""How far a position may be wrong: RAIM, ARAIM with several faults, protection levels, timing.

``protect.protect(solution)`` gives fixes their levels; ``araim.protection(geometry, ism, order)`` does it for
any geometry of users, satellites and instants. ``ism`` says what providers promise, ``exclusion`` what to
leave out, ``critical`` which satellites matter; ``raim`` is the snapshot test. ``timing`` and ``holdover``
are of clocks.
"""
