"""A life for ``tests.orders.test_faults``: households are registered, and a department and the level above are told.

This installation is its own level above, under another name: the stream upwards and the stream from below are two, each with a
count and a tree, and the line between them is the API. What the department is called with, it writes into a file, which
survives the death of the process.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import func, select

from marketplace.exchange import calls
from marketplace.exchange.calls import take_out_calls, use_caller
from marketplace.exchange.models import (
    DeliveryReceipt,
    DownwardEvent,
    EventStream,
    ExchangeCall,
    ExchangePartner,
    PartnerKind,
    UpwardEvent,
)
from marketplace.exchange.queries import find_above, find_partner, own_id, use_own_id
from marketplace.exchange.service import add_partner
from marketplace.exchange.streams import collect_events, deliver_upwards
from marketplace.exchange.subscriptions import notify_subscribers, subscribe
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.signing import newest_signing_key, public_keys
from marketplace.registry.models import Household, HouseholdStatus
from marketplace.registry.reading import Reach, unbounded
from marketplace.transparency.merkle import fold
from tests import factories
from tests.exchange.department import PURPOSE, subscribing

if TYPE_CHECKING:
    from tests.orders.purchases import Basket

BELOW, ABOVE = "below.example.org", "above.example.org"


def tell_other_offices(basket: "Basket", double: Any, now: datetime) -> None:
    """A household is registered where a department has subscribed; both it and the level above hear of it."""
    village = _village(basket)
    with transaction():
        _agree(basket, village, now)
    with transaction():
        factories.household(village, registered_from=date(2020, 1, 1))
    go_round(now)


LIVES = {tell_other_offices.__name__: tell_other_offices}


def go_round(now: datetime) -> None:
    """What the two jobs of each minute do."""
    with _own_line():
        with transaction():
            notify_subscribers(now=now)
        take_out_calls(now=now)
        with transaction():
            collect_events(now=now)
        deliver_upwards(now=now)


def _agree(basket: "Basket", village: str, now: datetime) -> None:
    """The levels above and below know one another, once for all lives; the department is this life's own."""
    key = public_keys()[newest_signing_key()]
    agreed = {"own_network": False, "actor": "test", "now": now}
    if find_above() is None:
        add_partner(PartnerKind.ABOVE, ABOVE, "省局", key, url=f"https://{ABOVE}/api/v1/dci", **agreed)  # type: ignore[arg-type]
        add_partner(PartnerKind.BELOW, BELOW, "丹寨县", key, **agreed)  # type: ignore[arg-type]
    factories.area(village)
    officer = factories.account((RoleKind.OFFICER, village))
    url = f"https://{_sender(basket)}/dci"
    which = {"url": url, "account": officer, "purposes": [PURPOSE]}
    partner = add_partner(PartnerKind.DEPARTMENT, _sender(basket), "民政局", key, **which, **agreed)  # type: ignore[arg-type]
    (answer,) = subscribe(subscribing(village)["subscribe_request"], partner, officer, Reach.of([village], "a test"), now=now)
    assert answer["status"] == "succ", answer


@contextmanager
def _own_line() -> Iterator[None]:
    """Calls go to the API under the name of the level above, or to the department's file."""
    before, name = calls._InUse.caller, own_id()
    use_caller(_call)
    use_own_id(BELOW)
    try:
        yield
    finally:
        use_caller(before)
        use_own_id(name)


def _call(url: str, body: bytes) -> tuple[int, bytes]:
    host = urlsplit(url).hostname or ""
    if host != ABOVE:
        with _told().open("a") as file:
            file.write(json.dumps({"host": host, **json.loads(body)}) + "\n")
        return 200, b"{}"
    use_own_id(ABOVE)
    try:
        answer = current_app.test_client().post(urlsplit(url).path, data=body, content_type="application/json")
        return answer.status_code, answer.get_data()
    finally:
        use_own_id(BELOW)


def exchange_faults(basket: "Basket") -> list[str]:
    """What is wrong on either side; empty when both levels agree and the department was told of its household once."""
    above, below = find_above(), find_partner(BELOW, PartnerKind.BELOW)
    assert above is not None
    assert below is not None
    sent, came = (db.session.get_one(EventStream, one.id, populate_existing=True) for one in (above, below))
    positions = db.session.scalars(select(UpwardEvent.position).order_by(UpwardEvent.position)).all()
    kept = db.session.scalars(select(DownwardEvent.body).order_by(DownwardEvent.position)).all()
    receipt = db.session.scalars(select(DeliveryReceipt).order_by(DeliveryReceipt.id.desc()).limit(1)).one()
    events = db.session.scalars(select(UpwardEvent.body).order_by(UpwardEvent.position)).all()
    household = db.session.scalars(unbounded(select(Household).filter_by(village_code=_village(basket)), "a test")).one()
    status = db.session.scalars(select(HouseholdStatus).filter_by(household_id=household.id)).one()
    told = select(func.count()).where(UpwardEvent.origin == f"status:{status.id}:begun")
    department = select(ExchangePartner.id).filter_by(sender_id=_sender(basket)).scalar_subquery()
    made = db.session.scalars(select(ExchangeCall).filter_by(partner_id=department)).all()
    found = {
        "positions": (list(positions), list(range(len(positions)))),
        "sizes": ((sent.size, came.size, receipt.size), (len(positions),) * 3),
        "roots": ((fold(came.peaks), receipt.root), (fold(sent.peaks),) * 2),
        "events": (list(kept), list(events)),
        "status upwards": (db.session.scalar(told), 1),
        "calls": ([(call.body, call.arrived_at is not None) for call in made], [(None, True)]),
        "messages": (_messages(basket), {(1, household.code)}),
    }
    return [f"exchange {name}: {is_so}" for name, (is_so, should) in found.items() if is_so != should]


def _messages(basket: "Basket") -> set[tuple[int, str]]:
    """What the department knows, with how many messages told it: the same message again is none."""
    by_id = {}
    for line in _told().read_text().splitlines():
        said = json.loads(line)
        if said["host"] == _sender(basket):
            by_id[said["header"]["message_id"]] = [
                event["data"]["reg_records"]["group_identifier"][0]["identifier_value"]
                for event in said["message"]["notify_event"]
            ]
    return {(len(by_id), code) for codes in by_id.values() for code in codes}


def _told() -> Path:
    folder: Path = current_app.extensions["settings"].data_dir
    return folder / "told-to-departments.jsonl"


def _village(basket: "Basket") -> str:
    # A village of their own for each who lives, in a province where nobody else does.
    return f"63{basket.account_id % 10_000:04d}100001"


def _sender(basket: "Basket") -> str:
    return f"department-{basket.account_id}.example.org"
