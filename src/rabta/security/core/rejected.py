"""The one exception for what comes from outside and is not accepted."""

from __future__ import annotations

from rabta.errors import RabtaError


class Rejected(RabtaError):  # noqa: N818 (what happened to the message)
    """A message, proof, credential or file from outside is not accepted; nothing was changed by it.

    Parameters
    ----------
    reason : str
        A short word that counters and tests go by, as ``"replay"`` or ``"malformed"``.
    problem : str
        One sentence for people. Never a secret, never more than a few bytes of what came.
    """

    def __init__(self, reason: str, problem: str = "", **where: object) -> None:
        super().__init__(problem or reason, **where)  # type: ignore[arg-type]  # the keywords of RabtaError
        self.reason = reason
