"""What an approval knows, and counter-proposals, on the network: routes beside those of the standards.

``GET /rabta/v1/flights/{id}/assessment``: a held flight as the pinned run's fields see it. ``POST
/rabta/v1/plans``: a straight plan assessed, with proposals against all that discovery knows in the area. ``GET
/rabta/v1/fairness``: who gave way to whom. With limits a plan that the fields speak against is refused.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rabta.airspace.dss.intents import OFF_NOMINAL
from rabta.airspace.dss.rules import Caller, RefusedError, checked, clock
from rabta.airspace.feasibility.assess import Assessor
from rabta.airspace.proposals import Ledger, Plan, Planner, Verifier
from rabta.airspace.uss.flights import Flights
from rabta.airspace.uss.network import CallError
from rabta.airspace.uss.rules import Intent, RejectedError
from rabta.airspace.volumes import Index, Volume
from rabta.airspace.volumes import messages as written
from rabta.airspace.web.messages import body
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from starlette.requests import Request

    from rabta.airspace.web.supplier import Supplier

SCOPES = (frozenset({"interuss.flight_planning.plan"}),)
NUMBERS = {"speed_m_s": 15.0, "ground_m": 0.0, "half_width_m": 25.0, "half_height_m": 8.0, "spare_s": 5.0}
MOST_CORNERS = 50


@dataclass
class Approval:
    """Fields with what an approval asks for, and the account between operators.

    Attributes
    ----------
    refuses : bool
        Whether plans are refused by the fields, or only assessed.
    """

    assessor: Assessor
    refuses: bool = True
    ledger: Ledger = field(default_factory=Ledger)

    def check(self, wanted: Intent) -> None:
        """Refuse a plan that the fields speak against: one of the service's checks.

        Raises
        ------
        RejectedError
        """
        if not self.refuses or wanted.state in OFF_NOMINAL:
            return
        found = self.assessor.assess(wanted.volumes)
        if not found.feasible:
            raise RejectedError("; ".join(one.words for one in found.reasons))

    def assessed(self, intent: Intent) -> dict[str, Any]:
        """Assessment of an intent's volumes, for messages."""
        return self.assessor.assess(intent.everywhere, now_s=clock()).told()

    async def answer(self, flights: Flights, plan: Plan, operator: str) -> dict[str, Any]:
        """Assessment of a plan, and proposals free of all that discovery knows around it and of what comes soon."""  # noqa: E501
        others = await flights.others(around(plan))
        index: Index[str] = Index()
        verifier: Verifier[str] = Verifier()
        owner = {one.id: one.manager for one in others}
        for one in others:
            index.add(one.id, list(one.everywhere))
            verifier.add(one.id, one.everywhere)
        found = Planner(self.assessor, index, verifier).answer(plan, clock())
        self.ledger.asked(operator, plan.seconds)
        if not found.approved:
            self.ledger.refused(operator, {owner[n] for n in found.against}, answered=bool(found.proposals))
        return found.told()


def around(plan: Plan) -> list[Volume]:
    """Where proposals to a plan may lie: two fifths of its length to each side, all heights, and the horizon."""  # noqa: E501
    from rabta.airspace.proposals.planner import HORIZON_S
    from rabta.airspace.volumes import Circle

    lat, lon = (0.5 * (plan.way[0][k] + plan.way[-1][k]) for k in (0, 1))
    low, high = plan.ground_m - 50.0, plan.ground_m + max(plan.height_m, 150.0) + 50.0
    end = plan.start_s + 2.0 * plan.seconds + HORIZON_S
    return [Volume(Circle(lat, lon, 0.8 * plan.length_m + 500.0), low, high, plan.start_s - 60.0, end)]


def read(message: Mapping[str, Any]) -> Plan:
    """Plan of a message.

    Raises
    ------
    RabtaError
        Naming the field that is wrong.
    """
    way = message.get("way")
    if not isinstance(way, list) or not 2 <= len(way) <= MOST_CORNERS:
        raise RabtaError("a plan without a way", key="way", value=type(way).__name__,
                         expected=f"a list of 2 to {MOST_CORNERS} places with lat and lng")  # fmt: skip
    places = []
    for k, one in enumerate(way):
        place = written.table(one, f"way[{k}]")
        places.append(tuple(written.number(place.get(n), f"way[{k}].{n}") for n in ("lat", "lng")))
    from rabta.airspace.volumes.volume import check_places

    corners = tuple((lat, lon) for lat, lon in places)
    check_places(corners)
    more = {name: written.number(message.get(name, usual), name) for name, usual in NUMBERS.items()}
    return Plan(corners, written.number(message.get("height_m"), "height_m"),
                written.seconds(message.get("start"), "start"), **more)  # fmt: skip


def routes(supplier: Supplier, approval: Approval) -> list[Route]:
    """Routes to mount beside the supplier's."""

    async def assessment(request: Request, _caller: Caller) -> Response:
        held = supplier.flights.held.get(request.path_params["id"])
        if held is None:
            raise RefusedError(404, "no such flight")
        return JSONResponse(approval.assessed(held.intent))

    async def plans(request: Request, caller: Caller) -> Response:
        plan = checked(read, await body(request))
        try:
            return JSONResponse(await approval.answer(supplier.flights, plan, caller.name))
        except CallError as error:
            raise RefusedError(503, f"the others' plans are not known: {error}") from None

    async def fairness(_request: Request, _caller: Caller) -> Response:
        return JSONResponse(approval.ledger.told())

    return [
        supplier._at("GET", "/rabta/v1/flights/{id}/assessment", assessment, SCOPES),
        supplier._at("POST", "/rabta/v1/plans", plans, SCOPES),
        supplier._at("GET", "/rabta/v1/fairness", fairness, SCOPES),
    ]
