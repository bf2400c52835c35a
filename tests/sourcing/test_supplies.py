"""What is declared is what is left after losses; nothing is promised beyond it, and what is taken back is nobody's any more."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import SupplyDeclaration, SupplyState
from marketplace.sourcing.supplies import (
    SupplyTerms,
    commit,
    declarations_of,
    declare_supply,
    monday_of,
    note_yield,
    withdraw_supply,
)
from tests import factories
from tests.factories import NOW
from tests.sourcing.plan_world import KG, WEEK, farm, supply


def test_a_week_can_give_what_is_left_after_losses(session: Session) -> None:
    made = supply(farm(), 100, 33, loss_rate_bp=1500)
    assert [(week.week_on, week.grams, week.committed_g) for week in made.weeks] == [
        (WEEK, 85_000, 0),
        (WEEK + timedelta(days=7), 28_050, 0),
    ]
    assert made.expires_on == WEEK + timedelta(days=13)
    assert declarations_of(made.producer_id) == [made]


@pytest.mark.parametrize(
    ("terms", "weeks", "code"),
    [
        (SupplyTerms(Grade.FIRST, 0), {WEEK: KG}, "supply_price"),
        (SupplyTerms(Grade.FIRST, -200), {WEEK: KG}, "supply_price"),
        (SupplyTerms(Grade.FIRST, 200, loss_rate_bp=9001), {WEEK: KG}, "supply_loss"),
        (SupplyTerms(Grade.FIRST, 200), {}, "supply_weeks"),
        (SupplyTerms(Grade.FIRST, 200), {WEEK + timedelta(days=1): KG}, "supply_weeks"),
        (SupplyTerms(Grade.FIRST, 200), {date(2026, 6, 8): KG}, "supply_weeks"),
        (SupplyTerms(Grade.FIRST, 200), {WEEK + timedelta(days=70 * 7): KG}, "supply_weeks"),
        (SupplyTerms(Grade.FIRST, 200), {WEEK: 0}, "supply_grams"),
        (SupplyTerms(Grade.FIRST, 200), {WEEK: -5}, "supply_grams"),
        (SupplyTerms(Grade.FIRST, 200, least_lot_g=2 * KG), {WEEK: KG}, "supply_least_lot"),
        (SupplyTerms(Grade.FIRST, 200, loss_rate_bp=9000), {WEEK: 5}, "supply_least_lot"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_by_name_and_leaves_nothing(
    session: Session, terms: SupplyTerms, weeks: dict[date, int], code: str
) -> None:
    listing = farm()
    with pytest.raises(Invalid) as refused, transaction():
        declare_supply(listing, terms, weeks, actor="farmer", now=NOW)
    assert refused.value.code == code
    assert db.session.query(SupplyDeclaration).count() == 0


def test_a_harvest_in_store_can_be_declared_as_far_as_there_is_of_it_and_only_by_its_goods(session: Session) -> None:
    listing, other = farm(stock=50), farm()
    lot = factories.lot(listing, Decimal(20))
    db.session.commit()
    terms = SupplyTerms(Grade.UNGRADED, 200)
    for given, goods in (({WEEK: 20 * KG + 1}, listing), ({WEEK: KG}, other)):
        with pytest.raises(Invalid) as refused, transaction():
            declare_supply(goods, terms, given, lot=lot, actor="farmer", now=NOW)
        assert refused.value.code == "supply_lot"
    assert supply(listing, 20, lot=lot).lot_id == lot.id


def test_the_same_goods_are_declared_once_until_they_are_taken_back(session: Session) -> None:
    listing = farm()
    first = supply(listing, 100)
    with pytest.raises(Conflict) as refused:
        supply(listing, 50)
    assert refused.value.code == "supply_declared"
    with transaction():
        assert withdraw_supply(first.public_id, first.producer_id, actor="farmer", now=NOW)
    with transaction():
        assert not withdraw_supply(first.public_id, first.producer_id, actor="farmer", now=NOW)
    assert first.state == SupplyState.WITHDRAWN
    assert supply(listing, 50).state == SupplyState.OPEN


def test_nobody_takes_back_or_changes_what_another_farm_declared(session: Session) -> None:
    made, other = supply(farm(), 100), farm()
    for act in (
        lambda: withdraw_supply(made.public_id, other.producer_id, actor="x", now=NOW),
        lambda: note_yield(made.public_id, other.producer_id, WEEK, 5, actor="x", now=NOW),
        lambda: note_yield(made.public_id, made.producer_id, WEEK + timedelta(days=7), 5, actor="x", now=NOW),
    ):
        with pytest.raises(NotFound), transaction():
            act()
    assert (made.state, made.weeks[0].grams) == (SupplyState.OPEN, 100 * KG)


def test_the_database_itself_refuses_to_promise_more_than_there_is(session: Session) -> None:
    week = supply(farm(), 100).weeks[0]
    assert commit({week.id: 100 * KG}) == []
    assert commit({week.id: 1}) == [week.id]
    with pytest.raises(IntegrityError, match="ck_supply_week_committed_within_grams"):
        week.committed_g = 100 * KG + 1
        db.session.flush()
    db.session.rollback()


def test_a_week_is_named_by_its_monday() -> None:
    assert [monday_of(WEEK + timedelta(days=at)) for at in range(7)] == [WEEK] * 7
