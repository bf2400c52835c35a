"""What a quantity costs when more is cheaper, and what a piece of unknown weight costs."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.catch_weight import CatchWeight, price_of_weight
from marketplace.catalogue.models import Listing, PriceTier, Unit
from marketplace.catalogue.pricing import Tier, check_tiers, next_tier, price_at, total_at
from marketplace.catalogue.service import Offer, change_listing, create_listing
from marketplace.catalogue.terms import Terms, terms_of
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid
from tests import factories

FIVE, TEN = Tier(Decimal(5), 900), Tier(Decimal(10), 800)
CHICKEN = CatchWeight(Unit.JIN, 2800, 1250, 1600)
quantities = st.integers(1, 99_990).map(lambda tenths: Decimal(tenths) / 10)


@st.composite
def priced(draw: st.DrawFn) -> tuple[int, list[Tier]]:
    """A price with up to four steps that are steps."""
    froms = sorted(draw(st.sets(st.integers(2, 9999), max_size=4)))
    prices = sorted(draw(st.sets(st.integers(1, 100_000_000), min_size=len(froms) + 1, max_size=len(froms) + 1)), reverse=True)
    return prices[0], [Tier(Decimal(start), price) for start, price in zip(froms, prices[1:], strict=True)]


@given(priced(), quantities)
def test_a_total_is_the_reached_price_times_the_quantity_rounded_half_up(offer: tuple[int, list[Tier]], much: Decimal) -> None:
    price_fen, tiers = offer
    check_tiers(Unit.JIN, price_fen, None, tiers)
    reached = [price_fen, *(tier.price_fen for tier in tiers if tier.from_quantity <= much)][-1]
    assert price_at(price_fen, tiers, much) == reached
    assert total_at(price_fen, tiers, much) == int((reached * much).quantize(Decimal(1), ROUND_HALF_UP))


@given(priced(), quantities, quantities)
def test_more_never_makes_a_unit_dearer_nor_a_total_fall_below_the_last_steps(
    offer: tuple[int, list[Tier]], one: Decimal, other: Decimal
) -> None:
    price_fen, tiers = offer
    less, more = sorted((one, other))
    assert price_at(price_fen, tiers, more) <= price_at(price_fen, tiers, less)
    lowest = tiers[-1].price_fen if tiers else price_fen
    assert total_at(lowest, (), more) <= total_at(price_fen, tiers, more) <= total_at(price_fen, (), more)


@given(priced(), quantities, quantities)
def test_a_hint_is_kept_when_it_is_followed(offer: tuple[int, list[Tier]], much: Decimal, stock: Decimal) -> None:
    price_fen, tiers = offer
    hint = next_tier(price_fen, tiers, much, stock)
    if hint is not None:
        assert 0 < hint.more <= much
        assert much + hint.more <= stock
        assert (
            price_at(price_fen, tiers, much + hint.more) == hint.price_fen == price_at(price_fen, tiers, much) - hint.less_fen
        )
        assert hint.less_fen > 0


@given(
    st.sampled_from([Unit.JIN, Unit.KG]),
    st.integers(1, 1_000_000),
    st.integers(1, 50_000),
    st.integers(1, 50_000),
    st.integers(1, 50),
    st.data(),
)
def test_no_weighing_asks_for_more_than_was_held(
    unit: Unit, price_fen: int, one: int, other: int, pieces: int, data: st.DataObject
) -> None:
    weight = CatchWeight(unit, price_fen, min(one, other), max(one, other))
    grams = data.draw(st.integers(1, pieces * weight.grams_max))
    assert 1 <= price_of_weight(unit, price_fen, grams) <= pieces * weight.most_fen


@pytest.mark.parametrize(
    ("tiers", "code"),
    [
        ([TEN, FIVE], "tiers_not_rising"),
        ([FIVE, FIVE], "tiers_not_rising"),
        ([Tier(Decimal(2), 900)], "tiers_not_rising"),
        ([Tier(Decimal(5), 1000)], "tiers_not_falling"),
        ([FIVE, Tier(Decimal(10), 900)], "tiers_not_falling"),
        ([Tier(Decimal(5), 0)], "tiers_not_falling"),
        ([Tier(Decimal("5.05"), 900)], "quantity_step"),
        ([Tier(Decimal(10_000), 900)], "quantity_invalid"),
        ([Tier(Decimal(number), 1000 - number) for number in range(3, 8)], "tiers_too_many"),
    ],
)
def test_steps_that_are_none_are_refused_and_nothing_changes(session: Session, tiers: list[Tier], code: str) -> None:
    listing = factories.listing(unit=Unit.JIN, unit_grams=500, price_fen=1000)
    offer = Offer(listing.product, "苹果", "Apples", Unit.JIN, 500, 1000, terms=Terms(Decimal(2), tuple(tiers)))
    with pytest.raises(Invalid) as refused, session.begin_nested():
        change_listing(listing, offer, actor="test", now=factories.NOW)
    assert refused.value.code == code
    session.refresh(listing)
    assert (listing.title_zh, terms_of(listing)) == ("红苹果 约1.5公斤", Terms())


def test_a_quantity_has_one_price(session: Session) -> None:
    listing_id = factories.listing().id
    session.add(PriceTier(listing_id=listing_id, from_quantity=Decimal(5), price_fen=900))
    session.flush()
    session.expunge_all()
    with pytest.raises(IntegrityError, match="pk_price_tier"), session.begin_nested():
        session.add(PriceTier(listing_id=listing_id, from_quantity=Decimal(5), price_fen=800))
        session.flush()


def test_terms_are_written_read_and_replaced_whole(session: Session) -> None:
    seller, kind = factories.producer(), factories.product()
    terms = Terms(Decimal(2), (FIVE, TEN))
    offer = Offer(kind, "苹果", "Apples", Unit.JIN, 0, 1000, terms=terms)
    with transaction():
        listing = create_listing(seller, offer, actor="test", now=factories.NOW)
    assert terms_of(listing) == terms
    with transaction():
        change_listing(listing, replace(offer, terms=Terms()), actor="test", now=factories.NOW)
    assert terms_of(listing) == Terms()
    assert session.scalars(select(PriceTier)).all() == []


def test_a_piece_of_catch_weight_is_reckoned_at_its_heaviest(session: Session) -> None:
    offer = Offer(factories.product(), "土鸡", "Chicken", Unit.PIECE, 0, 0, terms=Terms(catch_weight=CHICKEN))
    with transaction():
        listing = create_listing(factories.producer(), offer, actor="test", now=factories.NOW)
    assert (listing.price_fen, listing.unit_grams, terms_of(listing).catch_weight) == (8960, 1600, CHICKEN)


@pytest.mark.parametrize(
    ("unit", "terms", "code"),
    [
        (Unit.JIN, Terms(catch_weight=CHICKEN), "catch_weight_unit"),
        (Unit.BOX, Terms(catch_weight=CHICKEN), "catch_weight_unit"),
        (Unit.PIECE, Terms(catch_weight=CatchWeight(Unit.BOX, 2800, 1, 2)), "catch_weight_unit"),
        (Unit.PIECE, Terms(catch_weight=CatchWeight(Unit.JIN, 2800, 1600, 1600)), "catch_weight_range"),
        (Unit.PIECE, Terms(catch_weight=CatchWeight(Unit.JIN, 2800, 0, 1600)), "catch_weight_range"),
        (Unit.PIECE, Terms(catch_weight=CatchWeight(Unit.JIN, 0, 1250, 1600)), "price_invalid"),
        (Unit.PIECE, Terms(tiers=(Tier(Decimal(5), 1),), catch_weight=CHICKEN), "tiers_by_weight"),
    ],
)
def test_a_catch_weight_that_cannot_be_weighed_is_refused(session: Session, unit: Unit, terms: Terms, code: str) -> None:
    offer = Offer(factories.product(), "土鸡", "Chicken", unit, 1600, 2800, terms=terms)
    with pytest.raises((Invalid, Conflict)) as refused, session.begin_nested():
        create_listing(factories.producer(), offer, actor="test", now=factories.NOW)
    assert refused.value.code == code
    assert session.scalars(select(Listing)).all() == []


@pytest.mark.parametrize(
    "columns",
    [
        {"weight_unit": "jin"},
        {"weight_unit": "jin", "weight_price_fen": 1, "piece_grams_min": 1500},
        {"weight_unit": "box", "weight_price_fen": 1, "piece_grams_min": 1},
        {"unit": "box", "weight_unit": "jin", "weight_price_fen": 1, "piece_grams_min": 1},
    ],
)
def test_the_database_keeps_a_catch_weight_whole(session: Session, columns: dict[str, object]) -> None:
    listing = factories.listing(unit=Unit.PIECE, unit_grams=1500)
    with pytest.raises(IntegrityError, match="ck_listing_catch_weight_whole"), session.begin_nested():
        for name, value in columns.items():
            setattr(listing, name, value)
        session.flush()
    db.session.expire(listing)
