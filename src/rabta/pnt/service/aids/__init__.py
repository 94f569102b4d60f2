"""What helps where navigation satellites do not reach.

Satellites of low orbit as signals of opportunity, reference stations, PPP-B2b, short messages.
"""
