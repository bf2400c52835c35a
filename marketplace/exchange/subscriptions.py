"""Subscribing to what happens in the register, and telling subscribers of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from marketplace.exchange.calls import queue_call
from marketplace.exchange.codes import Reason, RequestRejected
from marketplace.exchange.envelope import VERSION, is_text, stamp
from marketplace.exchange.messages import answer_header
from marketplace.exchange.models import ExchangePartner, ExchangeSubscription, RegistryEvent
from marketplace.exchange.queries import reach_of
from marketplace.exchange.searching import REG_TYPE, check_purpose, check_reference, group_record, households_with_status
from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.db import db
from marketplace.kernel.steps import step
from marketplace.regions.queries import area_names, within
from marketplace.registry.models import Household, HouseholdStatus, StatusCategory
from marketplace.registry.reading import Reach
from marketplace.registry.reading_log import API, note_readings

AREA_CODE = "AREA_CODE"
_A_CALL = 100


def subscribe(
    requests: Sequence[Mapping[str, Any]], partner: ExchangePartner, by: Account, reach: Reach, *, now: datetime
) -> list[dict[str, Any]]:
    """The response to each request to subscribe."""
    seen: set[str] = set()
    found = []
    for request in requests:
        answer: dict[str, Any] = {"reference_id": request["reference_id"], "timestamp": stamp(now), "locale": "zho"}
        try:
            check_reference(request, seen, now=now)
            made = _subscribe(request["subscribe_criteria"], partner, by, reach, now=now)
            answer |= {"status": "succ", "subscriptions": [_info(made)]}
        except RequestRejected as error:
            answer |= {"status": "rjct", "status_reason_code": error.code.value, "status_reason_message": error.words}
        found.append(answer)
    return found


def _subscribe(
    criteria: Mapping[str, Any], partner: ExchangePartner, by: Account, reach: Reach, *, now: datetime
) -> ExchangeSubscription:
    if criteria["reg_event_type"] not in list(RegistryEvent):
        raise RequestRejected(Reason.NOTIFY_TYPES, f"events are {', '.join(RegistryEvent)}")
    if criteria["notify_record_type"] != "Group":
        raise RequestRejected(Reason.NOTIFY_DETAILS, "records are of the type Group")
    purpose = check_purpose(criteria, partner, Reason.NOTIFY_DETAILS)
    given = criteria["filter"]
    area = given.get("value") if isinstance(given, Mapping) and given.get("type") == AREA_CODE else None
    if not is_text(area) or not str(area).isdecimal() or not reach.holds(area):
        raise RequestRejected(Reason.FILTER, f"filter has the type {AREA_CODE} and the code of an area of yours")
    # Of two that come at once the second waits here and finds the first.
    db.session.execute(select(ExchangePartner.id).where(ExchangePartner.id == partner.id).with_for_update())
    same = {"partner_id": partner.id, "event": criteria["reg_event_type"], "area_code": area}
    if db.session.scalars(select(ExchangeSubscription).filter_by(**same, ended_at=None)).first() is not None:
        raise RequestRejected(Reason.SUBSCRIBED, "this is subscribed to already")
    last = db.session.scalar(select(func.coalesce(func.max(HouseholdStatus.id), 0)))
    made = ExchangeSubscription(**same, purpose=purpose, seen_status_id=last, begun_at=now)
    db.session.add(made)
    db.session.flush()
    audit.record("exchange.subscribed", "exchange_subscription", made.public_id, actor=by.public_id, at=now, area=area)
    return made


def unsubscribe(codes: Sequence[str], partner: ExchangePartner, by: Account, *, now: datetime) -> dict[str, Any]:
    """End subscriptions: all that are named, or none when one of them is not there or has ended."""
    query = select(ExchangeSubscription).filter_by(partner_id=partner.id).where(ExchangeSubscription.public_id.in_(codes))
    found = db.session.scalars(query.order_by(ExchangeSubscription.id).with_for_update()).all()
    answer: dict[str, Any] = {"timestamp": stamp(now), "status": "rjct"}
    if {one.public_id for one in found} != set(codes):
        return answer | {"status_reason_code": Reason.SUBSCRIPTION.value, "status_reason_message": "one is not there"}
    if any(one.ended_at is not None for one in found):
        return answer | {"status_reason_code": Reason.UNSUBSCRIBED.value, "status_reason_message": "one has ended already"}
    for one in found:
        one.ended_at = now
        audit.record("exchange.unsubscribed", "exchange_subscription", one.public_id, actor=by.public_id, at=now)
    db.session.flush()
    ended = [{"code": one.public_id, "status": "unsubscribe"} for one in found]
    return answer | {"status": "succ", "subscription_status": ended}


def _info(subscription: ExchangeSubscription) -> dict[str, Any]:
    return {
        "version": VERSION,
        "code": subscription.public_id,
        "status": "subscribe",
        "timestamp": stamp(subscription.begun_at),
        "reg_type": REG_TYPE,
        "reg_event_type": subscription.event,
        "filter_type": "idtype-value",
        "filter": {"type": AREA_CODE, "value": subscription.area_code},
        "notify_record_type": "Group",
        "locale": "zho",
    }


def notify_subscribers(*, now: datetime) -> int:
    """Queue a call for each subscription in whose area households were registered since it was last looked at."""
    # Nobody is writing a status at this moment, so no smaller id is still to come.
    db.session.execute(text("SET LOCAL lock_timeout = '5s'"))
    db.session.execute(text("LOCK TABLE household_status IN SHARE MODE"))
    last = db.session.scalar(select(func.coalesce(func.max(HouseholdStatus.id), 0))) or 0
    query = select(ExchangeSubscription).join(ExchangePartner, ExchangePartner.id == ExchangeSubscription.partner_id)
    # A suspended partner is told what it missed once it is resumed.
    query = query.where(ExchangePartner.suspended_at.is_(None))
    query = query.where(ExchangeSubscription.ended_at.is_(None), ExchangeSubscription.seen_status_id < last)
    told = 0
    query = query.order_by(ExchangeSubscription.id).with_for_update(of=ExchangeSubscription)
    for subscription in db.session.scalars(query).all():
        told += _notify(subscription, now=now)
        subscription.seen_status_id = last
    db.session.flush()
    step("exchange.notices_queued")
    return told


def _notify(subscription: ExchangeSubscription, *, now: datetime) -> int:
    partner = db.session.get_one(ExchangePartner, subscription.partner_id)
    by = db.session.get(Account, partner.account_id) if partner.ended_at is None else None
    if by is None:
        return 0
    # An officer who has lost an area is told nothing of it any more.
    reach = reach_of(partner, by)
    new = households_with_status(now=now).where(
        HouseholdStatus.id > subscription.seen_status_id,
        HouseholdStatus.category == StatusCategory.POOR,
        within(Household.village_code, subscription.area_code),
    )
    rows = db.session.execute(reach.over(new.order_by(HouseholdStatus.id), Household.village_code)).all()
    note_readings([(row.id, row.village_code) for row in rows], by, API, now=now)
    names = area_names({row.village_code for row in rows})
    for begin in range(0, len(rows), _A_CALL):
        events = [
            {
                "reference_id": ids.public_id(),
                "timestamp": stamp(now),
                "data": {
                    "version": VERSION,
                    "reg_type": REG_TYPE,
                    "reg_event_type": subscription.event,
                    "reg_record_type": "Group",
                    "reg_records": group_record(row, names.get(row.village_code, "")),
                },
                "locale": "zho",
            }
            for row in rows[begin : begin + _A_CALL]
        ]
        header = answer_header("notify", partner, ["succ"] * len(events), now=now)
        message = {"transaction_id": subscription.public_id, "notify_event": events}
        queue_call(partner, "notify", header, message, now=now)
    return len(rows)
