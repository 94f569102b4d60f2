"""Where satellites were and what their clocks showed, by broadcast and by precise products.

With the group delay of each signal.
"""
