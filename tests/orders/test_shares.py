"""The parts of an order: by the terms in force, whole to the fen, frozen, and taken back exactly."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from marketplace.orders.models import Order, OrderShare, ShareKind, ShareTerm
from marketplace.orders.settlement import SERVICE_FEE
from marketplace.orders.shares import Part, Term, parts_of_refund, set_term, shares_of, split_order, terms_in_force
from tests import factories
from tests.web.shop_world import ShopWorld

PLATFORM = Term(ShareKind.PLATFORM, SERVICE_FEE, 300)
AGENT = Term(ShareKind.VILLAGE_AGENT, "agent:kala", 200)
DAY = date(2026, 6, 15)


def amounts(parts: list[Part]) -> dict[str, int]:
    return {part.kind.value: part.amount_fen for part in parts}


def test_the_terms_make_the_parts_and_the_producer_has_the_rest() -> None:
    assert amounts(split_order(2500, producer="p", terms=[PLATFORM])) == {"producer": 2425, "platform": 75}
    parts = split_order(9999, 800, producer="p", terms=[PLATFORM, AGENT])
    assert amounts(parts) == {"producer": 9499, "village_agent": 200, "freight": 800, "platform": 300}
    assert [part.payee for part in parts] == ["p", "agent:kala", "freight", SERVICE_FEE]
    assert amounts(split_order(1, producer="p", terms=[PLATFORM])) == {"producer": 1}


def test_who_packs_their_own_goods_gets_one_part() -> None:
    packing = Term(ShareKind.PACKING, "p", 500)
    assert amounts(split_order(10_000, producer="p", terms=[PLATFORM, packing])) == {"producer": 9700, "platform": 300}


@given(
    goods=st.integers(1, 10**7),
    freight=st.integers(0, 10**5),
    bps=st.lists(st.integers(0, 1900), min_size=4, max_size=4),
    refunds=st.lists(st.integers(1, 10**6), max_size=6),
)
def test_parts_sum_to_the_whole_and_many_refunds_are_as_one(
    goods: int, freight: int, bps: list[int], refunds: list[int]
) -> None:
    kinds = [ShareKind.VILLAGE_AGENT, ShareKind.PACKING, ShareKind.TAX, ShareKind.PLATFORM]
    terms = [Term(kind, f"a:{kind}", bp) for kind, bp in zip(kinds, bps, strict=True)]
    parts = split_order(goods, freight, producer="p", terms=terms)
    total = goods + freight
    assert sum(part.amount_fen for part in parts) == total
    back, before = 0, [0] * len(parts)
    for refund in [*refunds, total]:
        back = min(total, back + refund)
        borne = parts_of_refund(parts, back)
        assert sum(borne) == back
        assert all(old <= new for old, new in zip(before, borne, strict=True))
        before = borne
    assert before == [part.amount_fen for part in parts]


def test_the_narrowest_area_and_the_newest_day_hold_and_nothing_ends_a_term(session: Session) -> None:
    def say(kind: ShareKind, area: str, bp: int, day: date) -> None:
        with transaction():
            set_term(kind, area, bp, f"{kind}:{area or 'all'}", day, "agreed with the county", actor="op", now=factories.NOW)

    say(ShareKind.VILLAGE_AGENT, "522636", 200, date(2026, 1, 1))
    say(ShareKind.VILLAGE_AGENT, "522636100", 150, date(2026, 2, 1))
    say(ShareKind.PLATFORM, "522636", 250, date(2026, 6, 1))
    say(ShareKind.VILLAGE_AGENT, "522636100", 0, date(2026, 7, 1))

    def bps(area: str, day: date) -> dict[str, int]:
        return {term.kind.value: term.bp for term in terms_in_force([area], day)[area]}

    assert bps("520102", DAY) == {"platform": 300}
    assert bps("522636101001", DAY) == {"village_agent": 200, "platform": 250}
    assert bps("522636100001", DAY) == {"village_agent": 150, "platform": 250}
    assert bps("522636100001", date(2026, 1, 31)) == {"village_agent": 200, "platform": 300}
    assert bps("522636100001", date(2026, 7, 1)) == {"platform": 250}
    both = terms_in_force(["522636100001", "520102"], DAY)
    assert {area: len(terms) for area, terms in both.items()} == {"522636100001": 2, "520102": 1}


def test_terms_that_leave_nothing_are_refused(session: Session) -> None:
    for kind, bp, code in ((ShareKind.PRODUCER, 100, "term_of_producer"), (ShareKind.TAX, 9700, "terms_exceed_goods")):
        with pytest.raises(Invalid) as refused, transaction():
            set_term(kind, "", bp, "x", DAY, "because", actor="op", now=factories.NOW)
        assert refused.value.code == code
    assert db.session.scalars(select(ShareTerm.kind)).all() == ["platform"]


def test_an_order_keeps_the_terms_of_its_day(session: Session) -> None:
    world = ShopWorld()
    first = world.order((world.apples, 2)).orders[0]
    with transaction():
        day = date(2020, 1, 1)
        set_term(ShareKind.VILLAGE_AGENT, "522636100", 200, "agent:kala", day, "agreed", actor="op", now=factories.NOW)
    second = world.order((world.apples, 2)).orders[0]
    assert amounts(shares_of(first)) == {"producer": 2425, "platform": 75}
    assert amounts(shares_of(second)) == {"producer": 2375, "village_agent": 50, "platform": 75}
    assert (first.producer_fen, second.producer_fen) == (2425, 2375)


def refused_by(statement: object) -> str | None:
    """The constraint that refuses a statement at the latest when the transaction ends."""
    nested = db.session.begin_nested()
    try:
        db.session.execute(statement)  # type: ignore[call-overload]
        db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except IntegrityError as error:
        nested.rollback()
        return error.orig.diag.constraint_name or str(error.orig)  # type: ignore[union-attr]
    nested.rollback()
    return None


def test_the_database_keeps_shares_whole_and_as_they_were(session: Session) -> None:
    world = ShopWorld()
    order = world.order((world.apples, 2)).orders[0]
    own = OrderShare.order_id == order.id
    more = {"order_id": order.id, "kind": "tax", "payee": "tax", "amount_fen": 1}
    assert refused_by(insert(OrderShare).values(more)) == "ck_order_share_sums_to_total"
    assert "append-only" in str(refused_by(update(OrderShare).where(own).values(amount_fen=1)))
    assert "append-only" in str(refused_by(text("DELETE FROM order_share")))
    assert refused_by(update(Order).where(Order.id == order.id).values(total_fen=2600)) == "ck_order_shares_are_whole"
    assert refused_by(update(Order).where(Order.id == order.id).values(producer_fen=2424)) == "ck_order_shares_are_whole"
    naked = {"group_id": order.group_id, "producer_id": order.producer_id, "total_fen": 5, "producer_fen": 5, "public_id": "x"}
    assert refused_by(insert(Order).values(naked)) == "ck_order_shares_are_whole"
    assert refused_by(update(Order).where(Order.id == order.id).values(shipped_at=factories.NOW + timedelta(1))) is None
