"""Sales are held against declared yields: at listing, at sending, by rules of the day, with an officer's word."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from marketplace.catalogue.mass_balance import Balance
from marketplace.catalogue.models import Listing, Lot, ProducerKind, StockMovement, Unit
from marketplace.catalogue.service import add_harvest
from marketplace.catalogue.yield_states import YIELDS, YieldAction, YieldState
from marketplace.catalogue.yields import balances, check_shipment, decide_yield, declare_yield
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.registry.reading import Reach
from marketplace.registry.rules import set_rule
from marketplace.registry.yield_rules import UNDECLARED_KG, YIELD
from tests import factories
from tests.factories import NOW, TODAY

VILLAGE = Reach.of([factories.VILLAGE], "an officer in a test")
TON_G = 1_000_000


@pytest.fixture
def apples(session: Session) -> Listing:
    """Apples by the kilogram; the shelf of apples bears 3,000 kg a mu, and five tons may go undeclared."""
    shelf = factories.category("orchard-fruit", "苹果", "Orchard fruit")
    kind = factories.product("gala-apple", "嘎啦苹果", "Gala apples", shelf)
    made = factories.listing(kind=kind, unit=Unit.KG, unit_grams=1000, stock=0)
    # A refusal rolls back, and must not take them along.
    db.session.commit()
    return made


def harvest(listing: Listing, kg: int, household_id: int | None = None) -> None:
    owner = household_id or listing.producer.household_id
    with transaction():
        add_harvest(listing, Decimal(kg), TODAY, {owner: kg * 1000}, actor="farmer", now=NOW)


def declare(listing: Listing, *, own: bool = True, **what: int) -> str:
    owner = listing.producer.household_id
    with transaction():
        row = declare_yield(owner, listing.product, 2026, own=own, actor="farmer", now=NOW, **what)
    return row.public_id


def balance_of(listing: Listing) -> Balance:
    owner = listing.producer.household_id
    return balances([owner], listing.product, 2026, TODAY)[owner]


def test_without_a_declaration_five_tons_can_be_listed_and_no_gram_more(apples: Listing) -> None:
    harvest(apples, 5000)
    with pytest.raises(Conflict) as refused:
        harvest(apples, 1)
    assert refused.value.code == "mass_balance_listing"
    assert refused.value.data == {"left": 0}
    assert apples.available == 5000


def test_an_area_counts_at_once_and_bears_what_its_shelf_does_with_a_fifth_more(apples: Listing) -> None:
    declare(apples, area_mu100=150)
    assert balance_of(apples) == Balance(4_500_000, 120, 5 * TON_G)
    harvest(apples, 5400)
    with pytest.raises(Conflict):
        harvest(apples, 1)


def test_a_small_declaration_holds_although_none_would_have_let_more_pass(apples: Listing) -> None:
    declare(apples, area_mu100=10)
    with pytest.raises(Conflict) as refused:
        harvest(apples, 400)
    assert refused.value.data == {"left": 360}


def test_a_county_can_have_a_yield_of_its_own_from_a_day_on(apples: Listing) -> None:
    officer = factories.account((RoleKind.OFFICER, "52"))
    declare(apples, area_mu100=100)
    tomorrow = TODAY + timedelta(days=1)
    with transaction():
        set_rule(YIELD + "gala-apple", "522636", tomorrow, 1000, "Notice 7 of the county", by=officer, now=NOW)
        set_rule(UNDECLARED_KG, "52", tomorrow, 10, "Notice 8 of the province", by=officer, now=NOW)
    owner = apples.producer.household_id
    assert balances([owner], apples.product, 2026, TODAY)[owner].most_g == 3_600_000
    assert balances([owner], apples.product, 2026, tomorrow)[owner].most_g == 1_200_000
    assert balances([owner], apples.product, 2027, tomorrow)[owner].most_g == 10_000


def test_more_land_than_a_smallholder_has_waits_for_the_officer_over_all_crops_together(apples: Listing) -> None:
    pears = factories.listing(apples.producer, factories.product("pear", "梨", "Pears", apples.category))
    db.session.commit()
    declare(apples, area_mu100=1500)
    declare(pears, area_mu100=501)
    assert balance_of(pears).declared_g is None
    declare(pears, area_mu100=500)
    assert balance_of(pears).declared_g == 15 * TON_G


def test_what_a_cooperative_says_for_a_member_waits_for_the_officer(apples: Listing) -> None:
    declare(apples, own=False, area_mu100=10)
    assert balance_of(apples).declared_g is None


def test_a_harvest_counts_when_the_officer_of_the_village_has_confirmed_it_in_words(apples: Listing) -> None:
    declared = declare(apples, harvest_g=9 * TON_G)
    assert balance_of(apples).declared_g is None
    with pytest.raises(Invalid):
        decide(declared, words=" ")
    with pytest.raises(Forbidden):
        decide(declared, actor="farmer")
    elsewhere = Reach.of(["522636100002"], "an officer of the next village")
    with pytest.raises(NotFound):
        decide(declared, reach=elsewhere)
    decide(declared)
    assert balance_of(apples).most_g == 10_800_000
    decide(declared)
    with pytest.raises(Conflict):
        decide(declared, YieldAction.REFUSE)


def decide(
    public_id: str,
    action: YieldAction = YieldAction.CONFIRM,
    *,
    words: str = "地里看过，三亩果树",
    reach: Reach = VILLAGE,
    actor: str = "officer",
) -> None:
    with transaction():
        decide_yield(public_id, action, words, reach, actor=actor, now=NOW)


def test_a_refused_declaration_gives_way_to_the_one_before(apples: Listing) -> None:
    declare(apples, area_mu100=100)
    second = declare(apples, area_mu100=200)
    assert balance_of(apples).declared_g == 6 * TON_G
    decide(second, YieldAction.REFUSE)
    assert balance_of(apples).declared_g == 3 * TON_G


def test_sales_are_held_against_the_yield_when_goods_leave_though_they_were_listed_before_it_was_lowered(
    apples: Listing,
) -> None:
    harvest(apples, 1000)
    lot = factories.lot(apples, Decimal(10))
    note_sale(lot.id, 10)
    check_shipment([lot.id], TODAY)
    declare(apples, harvest_g=9_000)
    check_shipment([lot.id], TODAY)
    declare(apples, area_mu100=1)
    # A hundredth of a mu bears 30 kg, with a fifth more 36: ten were sold.
    check_shipment([lot.id], TODAY)
    note_sale(lot.id, 27)
    with pytest.raises(Conflict) as refused:
        check_shipment([lot.id], TODAY)
    assert refused.value.code == "mass_balance_shipment"
    note_return(lot.id, 1)
    check_shipment([lot.id], TODAY)


def note_sale(lot_id: int, kg: int) -> None:
    _move(lot_id, "sale", -kg)


def note_return(lot_id: int, kg: int) -> None:
    _move(lot_id, "return", kg)


def _move(lot_id: int, kind: str, kg: int) -> None:
    with transaction():
        purpose = {"purpose_kind": "order", "purpose_id": "test", "at": NOW}
        db.session.add(StockMovement(lot_id=lot_id, kind=kind, quantity=Decimal(kg), **purpose))


def test_each_household_of_a_pooled_lot_answers_for_its_own_part(apples: Listing) -> None:
    cooperative = factories.producer(kind=ProducerKind.COOPERATIVE)
    listing = factories.listing(cooperative, apples.product, unit=Unit.KG, unit_grams=1000, stock=0)
    first, second = factories.household(), factories.household()
    db.session.commit()
    with transaction():
        add_harvest(listing, Decimal(8000), TODAY, {first.id: 5 * TON_G, second.id: 3 * TON_G}, actor="c", now=NOW)
    with pytest.raises(Conflict) as refused, transaction():
        add_harvest(listing, Decimal(2), TODAY, {first.id: 1000, second.id: 1000}, actor="c", now=NOW)
    # What one member has declared is not for the others to read.
    assert refused.value.data == {}
    harvest(listing, 2000, second.id)
    lot_ids = [row.id for row in db.session.query(Lot).filter_by(listing_id=listing.id)]
    note_sale(min(lot_ids), 4000)
    found = balances([first.id, second.id], apples.product, 2026, TODAY)
    assert [found[household.id].sold_g for household in (first, second)] == [2_500_000, 1_500_000]
    assert [found[household.id].harvested_g for household in (first, second)] == [5 * TON_G, 5 * TON_G]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({}, "yield_invalid"),
        ({"area_mu100": 0}, "yield_invalid"),
        ({"harvest_g": -5}, "yield_invalid"),
        ({"area_mu100": 5, "harvest_g": 5}, "yield_invalid"),
        ({"area_mu100": 10_000_001}, "yield_invalid"),
        ({"harvest_g": 10**13}, "yield_invalid"),
    ],
)
def test_a_declaration_that_says_nothing_is_refused_and_nothing_is_written(
    apples: Listing, what: dict[str, int], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        declare(apples, **what)
    assert refused.value.code == code
    assert balance_of(apples).declared_g is None


def test_an_area_of_what_no_rule_knows_is_refused_and_a_harvest_of_it_is_not(session: Session) -> None:
    honey = factories.listing(kind=factories.product("honey", "蜂蜜", "Honey", factories.category("hives", "蜂", "Hives")))
    db.session.commit()
    with pytest.raises(Invalid) as refused:
        declare(honey, area_mu100=100)
    assert refused.value.code == "yield_unknown"
    decide(declare(honey, harvest_g=80_000))
    assert balance_of(honey).declared_g == 80_000


@pytest.mark.parametrize("state", list(YieldState))
@pytest.mark.parametrize("action", list(YieldAction))
def test_every_pair_of_state_and_action(state: YieldState, action: YieldAction) -> None:
    led_to = {YieldAction.CONFIRM: YieldState.CONFIRMED, YieldAction.REFUSE: YieldState.REFUSED}[action]
    if state in (YieldState.STANDING, YieldState.WAITING):
        assert YIELDS.next_state(state, action) is led_to
    elif state is led_to:
        assert YIELDS.next_state(state, action) is None
    else:
        with pytest.raises(DomainError):
            YIELDS.next_state(state, action)


@given(
    declared=st.none() | st.integers(0, 10**9),
    tolerance=st.integers(100, 200),
    gone=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
)
def test_the_inequality_is_that_of_whole_percents(declared: int | None, tolerance: int, gone: tuple[int, int]) -> None:
    balance = Balance(declared, tolerance, 5_000, sold_g=gone[0], lost_g=gone[1])
    bound = 500_000 if declared is None else declared * tolerance
    assert balance.holds == (100 * sum(gone) <= bound)
