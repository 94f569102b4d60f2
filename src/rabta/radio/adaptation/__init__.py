"""Adaptive coding and modulation over fades along real passes: throughput, outage, switches, lost frames."""

from rabta.radio.adaptation.loop import Followed, Policy, follow, loop_delay_s

__all__ = ["Followed", "Policy", "follow", "loop_delay_s"]
