"""The pages of plans, which buyer, office and operator share: each sees the plans that are theirs, and no more of the sellers
than they may know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.queries import account_names_by_id
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.regions.codes import contains
from marketplace.regions.queries import area_names
from marketplace.sourcing.models import Demand, Plan, PlanPart
from marketplace.sourcing.plan_queries import parts_of_plan
from marketplace.sourcing.planning import approve_plan, may_decide, propose_plan, reject_plan, work_out
from marketplace.web.access import account
from marketplace.web.filters import short_day
from marketplace.web.forms import Amount, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.plan_words import (
    PART_STATES,
    PLAN_STATES,
    PlanFigures,
    chip,
    cut_words,
    goods_of,
    per_kg,
    tells_shares,
    unmet_words,
)
from marketplace.web.redirects import see_other

_SHARE = N_("Please give a share from 0 to 100 per cent.")


class MakeForm(FormSchema):
    """For which demand a plan is to be made; for all that wait when none is named."""

    demand = Text(load_default=None, validate=validate.Length(max=20))


class ShareForm(FormSchema):
    """Which share a person would rather have, in per cent."""

    share = Amount(required=True, validate=validate.Range(0, 100, error=_SHARE), error_messages={"required": _SHARE})


@dataclass(frozen=True)
class Desk:
    """Whose page it is: its name, the name of its blueprint, and how sellers are called there.

    ``areas`` are those whose sellers are called by name; None for all, and no area for nobody.
    """

    name: str
    blueprint: str
    areas: Sequence[str] | None
    decides: bool

    @property
    def is_buyer(self) -> bool:
        """Whether sellers are strangers here, and shares could tell of them."""
        return self.areas is not None and not self.areas

    def url(self, page: str, **values: Any) -> str:
        """The address of one of the desk's pages."""
        return url_for(f"{self.blueprint}.{page}", **values)


def list_page(desk: Desk, plans: Sequence[Plan], waiting: Sequence[Demand]) -> str:
    """The plans of a desk, and the demands that wait for one."""
    return render_template(
        "sourcing/plans.html",
        desk=desk,
        rows=[
            {
                "plan": plan.reference,
                "url": desk.url("plan", public_id=plan.public_id),
                "goods": _several([goods_of(demand) for demand in plan.demands]),
                "planned": plan.planned_g,
                "wanted": plan.wanted_g,
                "value": plan.value_fen,
                "made": plan.made_at,
                "state": chip(plan.state, PLAN_STATES),
            }
            for plan in plans
        ],
        waiting=[_demand(demand) for demand in waiting],
    )


def _several(names: Sequence[str]) -> str:
    unlike = list(dict.fromkeys(names))
    if len(unlike) <= 2:
        return " · ".join(unlike)
    return ngettext("%(first)s and %(num)d more", "%(first)s and %(num)d more", len(unlike) - 1, first=unlike[0])


def _demand(demand: Demand) -> dict[str, Any]:
    return {
        "public_id": demand.public_id,
        "reference": demand.reference,
        "goods": goods_of(demand),
        "enterprise": demand.enterprise.name,
        "ceiling": per_kg(demand.price_ceiling_fen_kg),
        "deliveries": len(demand.deliveries),
        "grams": sum(delivery.wanted_g for delivery in demand.deliveries),
    }


def plan_page(desk: Desk, plan: Plan) -> str:
    """One plan: what it does, what that costs, the curve, what is missing and why, and its parts."""
    parts = parts_of_plan(plan.id)
    figures = PlanFigures(plan, tells=not desk.is_buyer or tells_shares([part.producer_id for part in parts]))
    names = area_names({part.producer.area_code for part in parts})
    deliveries = {
        delivery.public_id: f"{demand.reference} · {_window(delivery.opens_on, delivery.closes_on)}"
        for demand in plan.demands
        for delivery in demand.deliveries
    }
    return render_template(
        "sourcing/plan.html",
        desk=desk,
        plan=plan,
        state=chip(plan.state, PLAN_STATES),
        demands=[_demand(demand) for demand in plan.demands],
        figures=figures,
        unmet=[{"label": deliveries.get(key, ""), **unmet_words(found)} for key, found in plan.unmet.items()],
        parts=_parts(desk, parts, names),
        decided=_decided(desk, plan),
        may_decide=desk.decides and plan.state == "proposed" and may_decide(plan, account()),
        ready=_ready(plan, parts) if desk.is_buyer and plan.state == "approved" else {},
        may_plan=desk.decides and plan.state in ("proposed", "approved"),
        share=f"{100 * plan.share_asked:g}",
    )


def _ready(plan: Plan, parts: Sequence[PlanPart]) -> dict[str, dict[str, Any]]:
    """What is said yes to of each demand that has no contract yet, and how many may still answer, by public id."""
    found = {}
    for demand in plan.demands:
        own = [part for part in parts if part.delivery.demand_id == demand.id]
        accepted = [part for part in own if part.state == "accepted"]
        if accepted and demand.state in ("open", "choosing"):
            waiting = sum(part.state == "asked" for part in own)
            found[demand.public_id] = {"grams": sum(part.grams for part in accepted), "waiting": waiting}
    return found


def _window(first: date, last: date) -> str:
    return short_day(first) if first == last else f"{short_day(first)}–{short_day(last)}"


def _decided(desk: Desk, plan: Plan) -> str | None:
    if plan.decided_by_id is None:
        return None
    names = account_names_by_id([plan.decided_by_id])
    return names.get(plan.decided_by_id, _("an account that is gone"))


def _parts(desk: Desk, parts: Sequence[PlanPart], names: dict[str, str]) -> dict[str, Any]:
    """Rows of parts; sellers outside the areas of a desk are numbered, and say their village alone."""
    numbers = {producer: number for number, producer in enumerate(sorted({part.producer_id for part in parts}), 1)}
    rows, others = [], 0
    for part in parts:
        named = desk.areas is None or any(contains(area, part.producer.area_code) for area in desk.areas)
        if not named and not desk.is_buyer:
            others += part.grams
            continue
        village = place_name(names.get(part.producer.area_code, ""))
        called = (
            pick(part.producer.name_zh, part.producer.name_en)
            if named
            else _("Seller %(number)s", number=numbers[part.producer_id])
        )
        rows.append(
            {
                "seller": f"{called} · {village}",
                "goods": pick(part.week.declaration.listing.title_zh, part.week.declaration.listing.title_en),
                "day": _window(part.delivery.opens_on, part.delivery.closes_on),
                "grams": part.grams,
                "price": part.fen_kg,
                "state": chip(part.state, PART_STATES),
                "why": cut_words(part),
            }
        )
    return {"rows": rows, "others_g": others}


def make(desk: Desk, demands: Sequence[Demand], share: float | None = None) -> Response:
    """Make a plan for demands, and lead to it. The solver works before the transaction, which holds no row meanwhile."""
    now = clock.now()
    worked = work_out(demands, now=now, share=share)
    with transaction():
        plan = propose_plan(worked, by=account(), now=now)
        public_id = plan.public_id
    flash(_("The plan is made. Nobody is asked before it is approved."), "success")
    return see_other(desk.url("plan", public_id=public_id))


def asked_share() -> float:
    """The share that the form asks for."""
    return float(read_form(ShareForm())["share"]) / 100


def asked_demand() -> str | None:
    """The demand that the form names."""
    found: str | None = read_form(MakeForm())["demand"]
    return found


def decide(desk: Desk, public_id: str, act: Callable[..., bool], words: str) -> Response:
    """Approve or reject a plan, and say so; who comes second is told that it was decided already."""
    with transaction():
        done = act(public_id, by=account(), now=clock.now())
    flash(_(words) if done else _("This was decided already."), "success" if done else "info")
    return see_other(desk.url("plan", public_id=public_id))


def approve(desk: Desk, public_id: str) -> Response:
    """Approve a plan: its sellers are asked now."""
    return decide(desk, public_id, approve_plan, N_("Approved. The sellers are asked now."))


def reject(desk: Desk, public_id: str) -> Response:
    """Reject a plan."""
    return decide(desk, public_id, reject_plan, N_("Rejected. Nobody was asked."))
