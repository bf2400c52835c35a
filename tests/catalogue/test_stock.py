"""Goods that move: movements add up to what lots and listings repeat, whatever happens in whatever order."""

from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, ListingState, Lot, MovementKind, StockMovement, Unit
from marketplace.catalogue.service import add_harvest, check_quantity, return_stock, take_stock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid
from tests import factories
from tests.stock import stock_of

_tenths = st.integers(1, 60).map(lambda tenths: Decimal(tenths) / 10)


def by_movements(lot_id: int) -> Decimal:
    """What the movements of a lot add up to."""
    total = db.session.scalar(select(func.coalesce(func.sum(StockMovement.quantity), 0)).filter_by(lot_id=lot_id))
    return Decimal(total or 0)


class Stock(RuleBasedStateMachine):
    """Harvests, sales and returns on two listings, beside a plain count of what must be left."""

    @initialize()
    def open_shop(self) -> None:
        """Two listings without stock."""
        with transaction():
            seller = factories.producer(registered=True)
            assert seller.household_id is not None
            self.household_id = seller.household_id
            made = [factories.listing(seller, stock=0, unit=Unit.JIN, unit_grams=500) for _ in range(2)]
            self.listing_ids = [listing.id for listing in made]
        self.left = [Decimal(0), Decimal(0)]
        self.taken: list[tuple[int, dict[int, Decimal]]] = []

    @rule(which=st.integers(0, 1), quantity=_tenths, days_ago=st.integers(0, 5))
    def harvest(self, which: int, quantity: Decimal, days_ago: int) -> None:
        """A new lot."""
        with transaction():
            listing = db.session.get_one(Listing, self.listing_ids[which])
            day = factories.TODAY.replace(day=factories.TODAY.day - days_ago)
            grams = {self.household_id: int(quantity * 500)}
            add_harvest(listing, quantity, day, grams, actor="farmer", now=factories.NOW)
        self.left[which] += quantity

    @rule(first=_tenths, second=_tenths)
    def take(self, first: Decimal, second: Decimal) -> None:
        """A sale of both, all or nothing."""
        wanted = dict(zip(self.listing_ids, (first, second), strict=True))
        if first > self.left[0] or second > self.left[1]:
            with pytest.raises(Conflict) as refused, transaction():
                take_stock(wanted, "order_group", "test", now=factories.NOW)
            assert refused.value.code == "sold_out"
            return
        with transaction():
            taken = take_stock(wanted, "order_group", "test", now=factories.NOW)
        for which, listing_id in enumerate(self.listing_ids):
            parts = {part.lot_id: part.quantity for part in taken[listing_id]}
            assert sum(parts.values()) == wanted[listing_id]
            self.left[which] -= wanted[listing_id]
            self.taken.append((which, parts))

    @precondition(lambda self: self.taken)
    @rule(which=st.integers(0, 1_000))
    def give_back(self, which: int) -> None:
        """One of the sales comes back."""
        number, parts = self.taken.pop(which % len(self.taken))
        with transaction():
            return_stock(parts, "order_group", "test", now=factories.NOW)
        self.left[number] += sum(parts.values())

    @invariant()
    def movements_are_the_truth(self) -> None:
        """Movements, lots and listings say the same as the plain count."""
        for listing_id, left in zip(self.listing_ids, self.left, strict=True):
            lots = db.session.scalars(select(Lot).filter_by(listing_id=listing_id)).all()
            assert all(lot.on_hand == by_movements(lot.id) >= 0 for lot in lots)
            assert sum((lot.on_hand for lot in lots), Decimal(0)) == left
            assert db.session.get_one(Listing, listing_id).available == left == stock_of(listing_id)


def test_stock_adds_up_over_any_sequence_of_harvests_sales_and_returns(session: Session) -> None:
    run_state_machine_as_test(Stock, settings=settings(max_examples=25, stateful_step_count=15, deadline=None))


def test_the_oldest_harvest_goes_first(session: Session) -> None:
    with transaction():
        listing = factories.listing(stock=0)
        days = [factories.TODAY.replace(day=day) for day in (10, 8, 9)]
        lots = [factories.lot(listing, Decimal(2), harvested_on=day) for day in days]
        taken = take_stock({listing.id: Decimal(5)}, "order_group", "test", now=factories.NOW)
    parts = [(part.lot_id, part.quantity) for part in taken[listing.id]]
    assert parts == [(lots[1].id, 2), (lots[2].id, 2), (lots[0].id, 1)]
    assert [lot.on_hand for lot in lots] == [1, 0, 0]


def test_a_sale_of_two_listings_of_which_one_is_short_takes_neither(session: Session) -> None:
    with transaction():
        enough, short = factories.listing(stock=5), factories.listing(stock=1)
    with pytest.raises(Conflict) as refused, transaction():
        take_stock({enough.id: Decimal(2), short.id: Decimal(2)}, "order_group", "test", now=factories.NOW)
    assert (refused.value.data["left"], refused.value.data["listing"]) == ("1", short.public_id)
    assert (enough.available, short.available) == (5, 1)
    assert db.session.scalar(select(func.count(StockMovement.id)).filter_by(kind=MovementKind.SALE)) == 0


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.WITHDRAWN])
def test_what_is_not_on_sale_is_not_taken(session: Session, state: ListingState) -> None:
    with transaction():
        listing = factories.listing(stock=5, state=state)
    with pytest.raises(Conflict) as refused, transaction():
        take_stock({listing.id: Decimal(1)}, "order_group", "test", now=factories.NOW)
    assert (refused.value.data["left"], listing.available) == ("0", 5)


@pytest.mark.parametrize(
    ("column", "rule_name"),
    [("listing SET available", "ck_listing_available_not_negative"), ("lot SET on_hand", "ck_lot_on_hand_not_negative")],
)
def test_the_database_itself_refuses_less_than_nothing(session: Session, column: str, rule_name: str) -> None:
    with transaction():
        listing = factories.listing(stock=1)
    with pytest.raises(IntegrityError, match=rule_name), transaction():
        db.session.execute(text(f"UPDATE {column} = -1"))
    db.session.expire_all()
    assert (listing.available, stock_of(listing.id)) == (1, 1)


@pytest.mark.parametrize("act", ["UPDATE stock_movement SET quantity = 99", "DELETE FROM stock_movement"])
def test_movements_are_never_altered(session: Session, act: str) -> None:
    with transaction():
        listing = factories.listing(stock=1)
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        db.session.execute(text(act))
    assert stock_of(listing.id) == 1


@pytest.mark.parametrize(("kind", "quantity"), [("sale", 1), ("harvest", -1), ("return", -1), ("harvest", 0)])
def test_a_movement_goes_the_way_its_kind_says(session: Session, kind: str, quantity: int) -> None:
    with transaction():
        listing = factories.listing(stock=1)
        lot_id = db.session.scalars(select(Lot.id).filter_by(listing_id=listing.id)).one()
    with pytest.raises(IntegrityError, match="ck_stock_movement"), transaction():
        row = StockMovement(lot_id=lot_id, kind=kind, quantity=quantity, purpose_kind="test", purpose_id="1", at=factories.NOW)
        db.session.add(row)
        db.session.flush()
    assert stock_of(listing.id) == 1


@pytest.mark.parametrize(
    ("unit", "quantity", "code"),
    [
        (Unit.BOX, "0.5", "quantity_step"),
        (Unit.JIN, "0.05", "quantity_step"),
        (Unit.JIN, "0", "quantity_invalid"),
        (Unit.JIN, "-1", "quantity_invalid"),
        (Unit.JIN, "9999.1", "quantity_invalid"),
        (Unit.JIN, "NaN", "quantity_invalid"),
        (Unit.JIN, "Infinity", "quantity_invalid"),
    ],
)
def test_a_quantity_that_cannot_be_sold_is_refused(unit: Unit, quantity: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_quantity(unit, Decimal(quantity))
    assert refused.value.code == code


@pytest.mark.parametrize(("unit", "quantity"), [(Unit.BOX, "1"), (Unit.JIN, "0.1"), (Unit.JIN, "9999"), (Unit.BAG, "2.0")])
def test_a_quantity_that_can_be_sold_is_itself(unit: Unit, quantity: str) -> None:
    assert check_quantity(unit, Decimal(quantity)) == Decimal(quantity)


def test_a_harvest_of_tomorrow_is_refused(session: Session) -> None:
    with transaction():
        listing = factories.listing(stock=1)
    tomorrow = factories.TODAY.replace(day=factories.TODAY.day + 1)
    with pytest.raises(Invalid) as refused, transaction():
        add_harvest(listing, Decimal(1), tomorrow, {1: 500}, actor="farmer", now=factories.NOW)
    assert (refused.value.code, stock_of(listing.id)) == ("harvest_in_future", 1)
