"""What the web form asks of the register while there is a line: who I am, which visits are due, a household by its code."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask_wtf.csrf import generate_csrf
from marshmallow import EXCLUDE
from sqlalchemy import select

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.registry.masking import masked_name
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach
from marketplace.registry.visits import orders_due
from marketplace.web.access import account, allow, office_reach
from marketplace.web.forms import FormSchema, Text, read_form, spelled
from marketplace.web.places import place_name
from marketplace.web.visit_words import cause_words

blueprint = Blueprint("collect", __name__, url_prefix="/collect")

_MOST_FOUND = 20
_CODE = N_("Please give at least three digits of the code.")


class CodeQuery(FormSchema):
    """The code of a household, or the last digits of it."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    code = Text(required=True, validate=spelled(r"[0-9]{3,16}", error=_CODE), error_messages={"required": _CODE})


@blueprint.get("/work.json")
@allow(RoleKind.OFFICER)
def work() -> Response:
    """Who is signed in, with a token for sending, and the visits due that are theirs to make."""
    who = account()
    orders = orders_due(office_reach(), by=who)
    households = _households(order.household_id for order in orders)
    villages = area_names(row.village_code for row in households.values())
    return _private(
        {
            "account": {"public_id": who.public_id, "name": masked_name(who.display_name)},
            "csrf_token": generate_csrf(),
            "today": clock.local_day(clock.now()).isoformat(),
            "due": [
                {
                    **_described(households[order.household_id], villages),
                    "order": order.public_id,
                    "cause": cause_words(order.cause),
                    "reason": order.reason,
                    "due_on": order.due_on.isoformat(),
                }
                for order in orders
                if order.household_id in households
            ],
        }
    )


@blueprint.get("/households.json")
@allow(RoleKind.OFFICER)
def households() -> Response:
    """Households by code: the last digits will do within a village or township, beyond that the whole code is wanted."""
    code = read_form(CodeQuery(), request.args)["code"]
    reach = office_reach()
    near = [area for area in reach.areas if len(area) >= Level.TOWNSHIP]
    query = select(Household).order_by(Household.code).limit(_MOST_FOUND)
    if len(code) == 16:
        found = db.session.scalars(reach.over(query.where(Household.code == code), Household.village_code)).all()
    else:
        ending = query.where(Household.code.endswith(code, autoescape=True))
        found = db.session.scalars(Reach.of(near, reach.why).over(ending, Household.village_code)).all()
    villages = area_names(row.village_code for row in found)
    return _private({"households": [_described(row, villages) for row in found], "whole_code_needed": not near})


def _households(ids: Iterable[int]) -> dict[int, Household]:
    query = select(Household).where(Household.id.in_(set(ids)))
    rows = db.session.scalars(office_reach().over(query, Household.village_code)).all()
    return {row.id: row for row in rows}


def _described(household: Household, villages: dict[str, str]) -> dict[str, str]:
    """A household as far as it is named before its file is opened: by its code and its village."""
    village = place_name(villages.get(household.village_code, ""))
    return {"public_id": household.public_id, "code": household.code, "village": village}


def _private(told: dict[str, Any]) -> Response:
    answer = jsonify(told)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
