"""Counter-proposals to plans that were refused: later, at another height, over another way."""

from rabta.airspace.proposals.ledger import Ledger
from rabta.airspace.proposals.planner import Answer, Planner, Proposal
from rabta.airspace.proposals.route import Plan
from rabta.airspace.proposals.verifier import Verifier

__all__ = ["Answer", "Ledger", "Plan", "Planner", "Proposal", "Verifier"]
