"""Visits to households: ordered for a reason and until a day, made by somebody, and answered by what was found."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, NotFound
from marketplace.registry.models import Household, Visit, VisitCause, VisitOrder
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import open_text, seal_text

SEALED = "visit.sealed"
_HELD = "a household that was read already"


def order_visit(
    household: Household,
    cause: VisitCause,
    *,
    due_on: date,
    now: datetime,
    asked_for: str = "",
    reason: str = "",
    not_by: int | None = None,
) -> VisitOrder | None:
    """Have somebody go there until a day; None when the same question has sent somebody who has not been there yet."""
    statement = (
        insert(VisitOrder)
        .values(
            household_id=household.id,
            village_code=household.village_code,
            cause=cause,
            asked_for=asked_for,
            reason=reason,
            not_by_id=not_by,
            ordered_at=now,
            due_on=due_on,
        )
        # Of two that ask at one moment the second waits for the first, and finds its order there.
        .on_conflict_do_nothing()
        .returning(VisitOrder)
    )
    return db.session.scalars(statement).first()


def record_visit(
    household: Household,
    by: Account,
    at: datetime,
    *,
    now: datetime,
    note: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    accuracy_m: float | None = None,
    origin_id: str = "",
    answers: Sequence[VisitOrder] = (),
) -> Visit:
    """Somebody was there. The orders it answers are answered with it.

    Raises
    ------
    Forbidden
        ``visit_by_another`` when one of the orders wants somebody else to go.
    Conflict
        ``visit_made`` when one of them was answered before.
    """
    for order in answers:
        db.session.refresh(order, with_for_update=True, attribute_names=["visit_id", "not_by_id"])
        if order.visit_id is not None:
            raise Conflict("visit_made", N_("Somebody has been there already."))
        if order.not_by_id == by.id:
            raise Forbidden("visit_by_another", N_("Somebody else is to make this visit."))
    told: dict[str, Any] = {"latitude": latitude, "longitude": longitude, "accuracy_m": accuracy_m, "note": note.strip()}
    known = {name: value for name, value in told.items() if value not in (None, "")}
    visit = Visit(
        household_id=household.id,
        village_code=household.village_code,
        by_id=by.id,
        at=min(at, now),
        sealed=seal_text(household, json.dumps(known, ensure_ascii=False), SEALED) if known else None,
        origin_id=origin_id,
    )
    db.session.add(visit)
    db.session.flush()
    for order in answers:
        order.visit_id = visit.id
    db.session.flush()
    audit.record("registry.visited", "household", household.public_id, actor=by.public_id, at=now, visit=visit.public_id)
    return visit


def visit_details(visit: Visit, household: Household) -> dict[str, Any]:
    """Where somebody stood and what they wrote, as far as they said it."""
    return {} if visit.sealed is None else json.loads(open_text(household, visit.sealed, SEALED))


def open_orders(household: Household) -> Sequence[VisitOrder]:
    """The visits to a household that are due."""
    query = select(VisitOrder).where(VisitOrder.household_id == household.id, VisitOrder.visit_id.is_(None))
    return db.session.scalars(unbounded(query.order_by(VisitOrder.id), _HELD)).all()


def orders_due(reach: Reach, *, by: Account | None = None, most: int = 200) -> Sequence[VisitOrder]:
    """The visits that are due within a reach, the most urgent first; ``by``: those alone that this officer may make."""
    query = select(VisitOrder).where(VisitOrder.visit_id.is_(None)).order_by(VisitOrder.due_on, VisitOrder.id).limit(most)
    if by is not None:
        query = query.where(VisitOrder.not_by_id.is_distinct_from(by.id))
    return db.session.scalars(reach.over(query, VisitOrder.village_code)).all()


def households_of(orders: Sequence[VisitOrder]) -> Sequence[Household]:
    """The households that are to be visited."""
    return db.session.scalars(select(Household).where(Household.id.in_({order.household_id for order in orders}))).all()


def get_order_within(public_id: str, reach: Reach) -> VisitOrder:
    """The order of a visit within the reach; one outside it is as absent as one that does not exist."""
    query = reach.over(select(VisitOrder).where(VisitOrder.public_id == public_id), VisitOrder.village_code)
    order = db.session.scalars(query).first()
    if order is None:
        raise NotFound("visit_unknown", N_("There is no such visit."))
    return order
