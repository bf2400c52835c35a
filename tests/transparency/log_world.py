"""A village with notices and some payments in a database of its own, logged and signed on three days."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text

from marketplace.kernel.db import db, transaction
from marketplace.ledger.service import post_transfer
from marketplace.registry.cases.notices import open_notices, prolong
from marketplace.registry.models import CaseAction
from marketplace.transparency.jobs import append_now, sign_head_now
from tests import factories
from tests.registry.cases.village import Village, make_village


def pay(number: int, amount_fen: int = 100) -> None:
    """Book one transfer."""
    with transaction():
        post_transfer("payment", "test", str(number), {"buyers": -amount_fen, "clearing": amount_fen}, at=factories.NOW)


def fill() -> Village:
    """Three days: two transfers and a notice; the notice prolonged and closed; another notice and a third transfer."""
    place = make_village()
    cases = [place.apply(place.household(name="杨阿山")), place.apply(place.household(name="欧阳小妹"))]
    of = place.round_of(cases[0])
    pay(1)
    pay(2)
    place.assembly(of)
    place.together(of, CaseAction.PUBLISH_FIRST, place.village[0])
    sign_head_now(now=place.now)
    place.wait(1)
    with transaction():
        prolong(open_notices([cases[0].id])[0], 4, place.village[0], now=place.now)
    place.wait(14)
    place.together(of, CaseAction.CLOSE_FIRST, place.village[0])
    sign_head_now(now=place.now)
    place.visit_sample(of, place.township[1])
    assert place.decide(of, place.township[0])
    place.together(of, CaseAction.PUBLISH_SECOND, place.township[0])
    pay(3)
    place.wait(1)
    sign_head_now(now=place.now + timedelta(minutes=1))
    assert append_now() == 0
    return place


def altered(look: Callable[[], str | None], *statements: str) -> str | None:
    """What a look finds after somebody with all rights has changed rows with the triggers off; then it is taken back."""
    db.session.rollback()
    try:
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            assert db.session.execute(text(statement)).rowcount > 0, statement
        return look()
    finally:
        db.session.rollback()
