"""How long goods can be claimed: dated rules for each category, and one for all the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.models import Category, Listing
from marketplace.kernel import audit
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.models import ClaimRule, Order, OrderGroup, OrderLine
from marketplace.orders.states import OrderState

# Goods of a category without a rule are taken for fresh.
FRESH_HOURS = 48
# When goods count as missing: so long after they left, or, if they never did, so long after they were ordered.
MISSING_AFTER_SHIPPING = timedelta(days=7)
MISSING_AFTER_ORDERING = timedelta(days=14)


@dataclass(frozen=True)
class Clock:
    """The rule for a line: hours after arrival, and whether such goods can travel back."""

    hours: int
    returnable: bool


def clocks_of(lines: Iterable[OrderLine], day: date) -> dict[int, Clock]:
    """The rule in force on a day for the category of each line, by the line's id, in one statement."""
    own = list(lines)
    found = db.session.execute(
        select(Listing.id, ClaimRule.hours_after_arrival, ClaimRule.returnable)
        .join(Listing, Listing.category_id == ClaimRule.category_id)
        .where(Listing.id.in_({line.listing_id for line in own}), ClaimRule.begins_on <= day)
        .order_by(Listing.id, ClaimRule.begins_on)
    ).all()
    # Read from the oldest on, so that the newest that has begun is the one that stays.
    by_listing = {listing_id: Clock(hours, returnable) for listing_id, hours, returnable in found}
    return {line.id: by_listing.get(line.listing_id, Clock(FRESH_HOURS, returnable=False)) for line in own}


def clock_of(line: OrderLine, day: date) -> Clock:
    """The rule in force on a day for one line."""
    return clocks_of([line], day)[line.id]


def arrived_at(order: Order) -> datetime | None:
    """When goods came to their buyer, as far as anybody has said so."""
    return order.delivered_at or order.accepted_at


def expected_by(order: Order, group: OrderGroup) -> datetime:
    """The moment by which goods should have come; from then on they can be claimed as missing."""
    if order.shipped_at is not None:
        return order.shipped_at + MISSING_AFTER_SHIPPING
    # Of a harvest to come nothing is late before its day.
    ripe_at = max(day_start(line.harvested_on) for line in order.lines)
    return max(group.placed_at, ripe_at) + MISSING_AFTER_ORDERING


def claimable_kinds(order: Order, group: OrderGroup, hours: int, now: datetime) -> list[ClaimKind]:
    """What can be claimed of goods at this moment; nothing when every time for it is over or none has begun."""
    if group.paid_at is None or order.state == OrderState.CANCELLED:
        return []
    came_at = arrived_at(order)
    missing = came_at is None and now >= expected_by(order, group)
    came = order.shipped_at is not None and (came_at is None or now <= came_at + timedelta(hours=hours))
    return [kind for kind in ClaimKind if (missing if kind is ClaimKind.NOT_ARRIVED else came)]


def check_clock(kind: ClaimKind, order: Order, group: OrderGroup, clock: Clock, now: datetime) -> None:
    """Return if a claim of this kind is in time, or say why it is not.

    Raises
    ------
    Conflict
        ``not_paid``, ``order_cancelled``, ``already_received``, ``not_late_yet``, ``not_sent_yet``, ``claim_too_late``.
    """
    if order.state == OrderState.CANCELLED:
        raise Conflict("order_cancelled", N_("This order was cancelled."))
    if group.paid_at is None:
        raise Conflict("not_paid", N_("Nothing has been paid for this order yet."))
    came_at = arrived_at(order)
    if kind is ClaimKind.NOT_ARRIVED:
        if came_at is not None:
            raise Conflict("already_received", N_("You have told us that it came. Please choose what is wrong with it."))
        if now < expected_by(order, group):
            raise Conflict("not_late_yet", N_("It may still come. Please write to the seller, or wait a few days."))
    elif order.shipped_at is None:
        raise Conflict("not_sent_yet", N_("It has not left the farm yet. You can cancel it instead."))
    elif came_at is not None and now > came_at + timedelta(hours=clock.hours):
        raise Conflict(
            "claim_too_late",
            N_("Such goods can be claimed within %(hours)s hours after they came, and that time is over."),
            hours=clock.hours,
        )


def set_rule(category_id: int, begins_on: date, hours: int, returnable: bool, *, actor: str, now: datetime) -> None:
    """Have another rule for a category from a day on; what was claimed before keeps the old one.

    Raises
    ------
    Invalid
        For a day that lies behind, because claims have been measured by it.
    Conflict
        ``rule_exists`` when another rule begins on the same day.
    """
    if begins_on < local_day(now):
        raise Invalid("rule_in_past", N_("A rule can begin today or later."))
    if not 1 <= hours <= 8784:
        raise Invalid("hours_invalid", N_("Please give between 1 and 8,784 hours."))
    if db.session.get(Category, category_id) is None:
        raise NotFound("category_unknown", N_("There is no such category."))
    if db.session.scalar(select(ClaimRule.id).filter_by(category_id=category_id, begins_on=begins_on)) is not None:
        raise Conflict("rule_exists", N_("There is a rule from that day on already."))
    rule = ClaimRule(category_id=category_id, begins_on=begins_on, hours_after_arrival=hours, returnable=returnable)
    db.session.add(rule)
    db.session.flush()
    audit.record("claim_rule.set", "claim_rule", str(rule.id), actor=actor, at=now, hours=hours, category=category_id)


def rules() -> Sequence[Any]:
    """Every rule with its category, in the order of the shelves, newest first."""
    query = select(ClaimRule, Category).join(Category, Category.id == ClaimRule.category_id)
    return db.session.execute(query.order_by(Category.position, Category.id, ClaimRule.begins_on.desc())).all()
