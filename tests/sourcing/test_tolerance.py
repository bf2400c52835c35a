"""What comes within a demand's tolerance is accepted and paid by weight; above it is refused or taken; below it is short."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Lot
from marketplace.catalogue.service import withdraw
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.queries import balance_fen
from marketplace.orders import surplus
from marketplace.orders.dues import asked_at_first_fen
from marketplace.orders.invoicing import find_invoice
from marketplace.orders.models import Box, Order, OrderGroup, OrderLine, OrderShare
from marketplace.orders.queries import payment_of
from marketplace.orders.settlement import BUYERS, CLEARING
from marketplace.orders.states import OrderState
from marketplace.payments.states import PaymentState
from marketplace.sourcing import accepting
from marketplace.sourcing.accepting import Found
from marketplace.sourcing.clock import go_on
from marketplace.sourcing.models import ContractPart
from marketplace.sourcing.states import PartState
from marketplace.sourcing.tolerance import WHOLE_BP, Tolerance
from tests import factories
from tests.sourcing.test_acceptance import delivery_of, part_of, pay
from tests.sourcing.world import DAY, HOUR, NOW, Canteen, Farm, contracted, placed

ARRIVED = NOW + 7 * DAY


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


def arrived(canteen: Canteen, farm: Farm, *, tolerance_bp: int = 500, kg: int = 100, fen_kg: int = 333) -> ContractPart:
    """100 kg at 3.33 yuan, give or take a twentieth, at the door."""
    contract = placed(contracted(canteen, farm, kg=kg, fen_kg=fen_kg, tolerance_bp=tolerance_bp))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    return part_of(contract, farm)


def weigh(by: object, part: ContractPart, weighed_g: int, accepted_g: int, *, takes_surplus: bool = False) -> ContractPart:
    refused_g = weighed_g - accepted_g
    found = Found(weighed_g, accepted_g, refused_g, refused_because="多了" if refused_g else "", takes_surplus=takes_surplus)
    with transaction():
        accepting.weigh(by, part.public_id, found, now=ARRIVED + HOUR)  # type: ignore[arg-type]
    db.session.expire_all()
    return db.session.get_one(ContractPart, part.id)


def owed_fen(part: ContractPart) -> int:
    group = part.order.group
    return sum(order.total_fen - order.refunded_fen for order in group.orders if order.state == OrderState.ACCEPTED)


@given(some.integers(1, 10**9), some.integers(0, 5_000))
def test_the_bounds_are_the_whole_grams_within_the_tolerance(ordered_g: int, tolerance_bp: int) -> None:
    agreed = Tolerance.of(ordered_g, tolerance_bp)
    for grams in (agreed.least_g, agreed.most_g):
        assert abs(grams - ordered_g) * WHOLE_BP <= ordered_g * tolerance_bp
    for grams in (agreed.least_g - 1, agreed.most_g + 1):
        assert abs(grams - ordered_g) * WHOLE_BP > ordered_g * tolerance_bp
    assert 0 < agreed.least_g <= ordered_g <= agreed.most_g


def test_what_comes_up_to_the_upper_bound_is_accepted_at_once_and_paid_to_the_fen(canteen: Canteen) -> None:
    farm = Farm(registered=True)
    part = weigh(canteen.receiver, arrived(canteen, farm), 105_000, 105_000)
    assert (part.state, part.accepted_g, part.invoice_matches) == (PartState.ACCEPTED, 105_000, True)
    more = part.surplus_order
    assert more is not None
    # 105 kg at 3.33 yuan are 349.65 yuan, 16.65 of them for what came beside the 100 kg.
    assert (part.order.total_fen, more.total_fen, owed_fen(part), part.order.group.total_fen) == (33_300, 1_665, 34_965, 34_965)
    assert payment_of(part.order.group).amount_fen == 34_965
    assert db.session.scalar(select(func.sum(OrderShare.amount_fen)).filter_by(order_id=more.id)) == 1_665
    assert [(line.quantity * line.unit_grams, line.benefit_fen) for line in more.lines] == [(5_000, 1_665)]
    boxed = select(func.sum(Box.grams)).join(OrderLine).where(OrderLine.order_id == more.id)
    assert db.session.scalar(boxed) == 5_000
    assert farm.available == 95
    invoices = [find_invoice(order_id) for order_id in (part.order_id, part.surplus_order_id)]
    assert [invoice.total_fen if invoice else None for invoice in invoices] == [33_300, 1_665]
    record = part.records[0]
    assert (record.ordered_g, record.least_g, record.most_g, record.short_g, record.surplus_g) == (
        100_000,
        95_000,
        105_000,
        0,
        0,
    )
    contract = part.contract
    assert delivery_of(contract).payable_at == ARRIVED + HOUR
    assert pay(contract) == 34_965
    assert (balance_fen(BUYERS), balance_fen(CLEARING)) == (-34_965, 0)
    assert check_ledger().fault is None


def test_a_gram_above_the_upper_bound_is_refused_or_taken_by_whose_limit_covers_it(canteen: Canteen) -> None:
    farm = Farm()
    part = arrived(canteen, farm)
    with pytest.raises(DomainError) as refused:
        weigh(canteen.receiver, part, 105_003, 105_003)
    assert (refused.value.code, refused.value.data["most"]) == ("more_than_tolerated", 105_000)
    # Three grams beyond the bound cost a fen, and a receiver commits the enterprise to nothing.
    with pytest.raises(Forbidden) as forbidden:
        weigh(canteen.receiver, part, 105_003, 105_003, takes_surplus=True)
    assert forbidden.value.code == "above_limit"
    db.session.expire_all()
    assert (part.state, part.records, farm.available) == (PartState.ORDERED, [], 100)
    part = weigh(canteen.owner, part, 105_003, 105_003, takes_surplus=True)
    assert (part.state, part.accepted_g, part.records[0].surplus_g, owed_fen(part)) == (PartState.ACCEPTED, 105_003, 3, 34_966)


def test_a_surplus_that_is_refused_is_not_owed_and_what_is_within_is_accepted_at_once(canteen: Canteen) -> None:
    farm = Farm()
    part = weigh(canteen.receiver, arrived(canteen, farm), 120_000, 105_000)
    assert (part.state, part.accepted_g, owed_fen(part), part.records[0].surplus_g) == (
        PartState.ACCEPTED,
        105_000,
        34_965,
        15_000,
    )
    # What goes back was never taken out of stock.
    assert farm.available == 95


def test_who_takes_less_than_came_within_the_tolerance_has_the_seller_asked(canteen: Canteen) -> None:
    farm = Farm()
    part = weigh(canteen.receiver, arrived(canteen, farm), 104_000, 101_000)
    assert (part.state, part.accepted_g) == (PartState.WEIGHED, None)
    with transaction():
        accepting.agree(farm.producer.id, part.public_id, actor="farm", now=ARRIVED + DAY)
    db.session.expire_all()
    assert (part.state, part.accepted_g, owed_fen(part)) == (PartState.ACCEPTED, 101_000, 33_633)


@pytest.mark.parametrize(
    ("weighed_g", "short_g", "fen"),
    # What is missing is taken off in whole fen, rounded down as everywhere in the shop.
    [(99_999, 0, 33_300), (95_000, 0, 31_635), (94_999, 5_001, 31_635), (94_990, 5_010, 31_632)],
)
def test_less_is_paid_by_weight_and_counts_as_short_below_the_lower_bound_alone(
    canteen: Canteen, weighed_g: int, short_g: int, fen: int
) -> None:
    farm = Farm()
    part = weigh(canteen.receiver, arrived(canteen, farm), weighed_g, weighed_g)
    # It is less money than was agreed on, so the seller is asked, as ever.
    assert part.state == PartState.WEIGHED
    with transaction():
        accepting.agree(farm.producer.id, part.public_id, actor="farm", now=ARRIVED + DAY)
    db.session.expire_all()
    assert (part.state, part.accepted_g, owed_fen(part)) == (PartState.ACCEPTED, weighed_g, fen)
    assert (part.records[0].short_g, part.surplus_order_id) == (short_g, None)
    told = db.session.scalars(select(AuditEvent).filter_by(verb="contract_part.short")).all()
    assert [event.data["short_g"] for event in told] == ([short_g] if short_g else [])


def test_without_a_tolerance_not_a_gram_more_is_as_agreed(canteen: Canteen) -> None:
    part = arrived(canteen, Farm(), tolerance_bp=0)
    with pytest.raises(DomainError) as refused:
        weigh(canteen.receiver, part, 100_001, 100_001)
    assert refused.value.code == "more_than_tolerated"
    part = weigh(canteen.receiver, part, 100_001, 100_000)
    assert (part.state, owed_fen(part), part.surplus_order_id) == (PartState.ACCEPTED, 33_300, None)


def test_a_contract_that_has_used_the_tolerance_leaves_none_at_the_door(canteen: Canteen) -> None:
    # 104 of 100 kg wanted were contracted, and a twentieth more is the most: one kilogram is left.
    part = arrived(canteen, Farm(), kg=104)
    assert accepting.agreed_of(part, 104_000) == Tolerance(104_000, 98_800, 105_000)


def test_a_surplus_of_goods_that_the_farm_has_not_noted_cannot_be_taken_and_nothing_changes(canteen: Canteen) -> None:
    farm = Farm(stock=102)
    part = arrived(canteen, farm)
    with pytest.raises(Conflict) as refused:
        weigh(canteen.receiver, part, 105_000, 105_000)
    assert refused.value.code == "surplus_not_noted"
    db.session.expire_all()
    assert (part.state, part.records, part.order.state, farm.available) == (PartState.ORDERED, [], OrderState.DELIVERED, 2)
    assert db.session.scalar(select(func.count()).select_from(Order)) == 1
    assert payment_of(part.order.group).state == PaymentState.AWAITING
    assert db.session.scalars(select(OrderGroup.total_fen)).all() == [33_300]


def test_weighed_again_with_more_the_second_record_is_the_last_and_takes_the_surplus(canteen: Canteen) -> None:
    farm = Farm()
    part = weigh(canteen.receiver, arrived(canteen, farm), 95_000, 95_000)
    with transaction():
        accepting.question(farm.producer.id, part.public_id, "秤不准", actor="farm", now=ARRIVED + DAY)
    part = weigh(canteen.receiver, part, 103_000, 103_000)
    assert (part.state, part.accepted_g, owed_fen(part)) == (PartState.ACCEPTED, 103_000, 34_299)


@pytest.mark.parametrize(
    ("farm", "kg", "weighed_g"),
    # A gram at 3.33 yuan a kilogram is no fen, and nine grams are no thousandth of a box of 20 kg.
    [({}, 100, 100_001), ({"unit": factories.Unit.BOX, "unit_grams": 20_000}, 100, 100_009)],
)
def test_a_surplus_that_comes_to_nothing_is_no_order_and_what_was_ordered_is_owed(
    canteen: Canteen, farm: dict[str, Any], kg: int, weighed_g: int
) -> None:
    part = weigh(canteen.receiver, arrived(canteen, Farm(**farm), kg=kg), weighed_g, weighed_g)
    assert (part.state, part.accepted_g, part.surplus_order_id, owed_fen(part)) == (PartState.ACCEPTED, 100_000, None, 33_300)
    assert part.invoice_matches
    assert part.records[0].accepted_g == weighed_g


@pytest.mark.parametrize("silent", [False, True])
def test_a_surplus_that_is_gone_when_the_seller_has_answered_is_left_and_the_order_is_owed(
    canteen: Canteen, silent: bool
) -> None:
    farm = Farm(stock=100)
    part = weigh(canteen.receiver, arrived(canteen, farm), 104_000, 102_000)
    assert part.state == PartState.WEIGHED
    if silent:
        go_on(now=ARRIVED + 4 * DAY)
    else:
        with transaction():
            accepting.agree(farm.producer.id, part.public_id, actor="farm", now=ARRIVED + DAY)
    db.session.expire_all()
    assert (part.state, part.accepted_g, part.reason, owed_fen(part)) == (PartState.ACCEPTED, 100_000, "surplus_left", 33_300)
    assert (part.surplus_order_id, part.order.group.total_fen, delivery_of(part.contract).payable_at is None) == (
        None,
        33_300,
        False,
    )
    told = db.session.scalars(select(AuditEvent.data).filter_by(verb="contract_part.surplus_left")).all()
    assert told == [{"left_g": 2_000, "why": "surplus_not_noted"}]
    assert pay(part.contract) == 33_300
    assert check_ledger().fault is None


def test_one_part_that_cannot_be_settled_for_whatever_reason_holds_up_no_other(
    canteen: Canteen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, fine = Farm(), Farm()
    parts = [weigh(canteen.receiver, arrived(canteen, farm), 104_000, 101_000) for farm in (stuck, fine)]
    take = surplus.take_stock

    def broken(wanted: Any, *args: Any, **kwargs: Any) -> Any:
        if stuck.listing.id in wanted:
            raise RuntimeError("the shelf has fallen over")
        return take(wanted, *args, **kwargs)

    stuck_id = stuck.listing.id
    assert stuck_id < fine.listing.id
    monkeypatch.setattr(surplus, "take_stock", broken)
    go_on(now=ARRIVED + 4 * DAY)
    db.session.expire_all()
    assert [part.state for part in parts] == [PartState.WEIGHED, PartState.ACCEPTED]
    assert "the shelf has fallen over" in caplog.text


def test_a_surplus_is_not_taken_of_a_harvest_to_come(canteen: Canteen) -> None:
    farm = Farm(stock=100)
    part = arrived(canteen, farm)
    with transaction():
        lot = factories.lot(farm.listing, Decimal(50))
        lot.expected, lot.harvested_on = True, local_day(ARRIVED + 30 * DAY)
    with pytest.raises(Conflict) as refused:
        weigh(canteen.receiver, part, 104_000, 104_000)
    assert refused.value.code == "not_harvested_yet"
    db.session.expire_all()
    assert (part.state, db.session.get_one(Lot, lot.id).on_hand) == (PartState.ORDERED, 50)


def test_goods_that_are_off_sale_are_called_that_and_not_unnoted(canteen: Canteen) -> None:
    farm = Farm()
    part = arrived(canteen, farm)
    with transaction():
        withdraw(farm.listing, actor="farm", now=NOW + 4 * HOUR)
    with pytest.raises(Conflict) as refused:
        weigh(canteen.receiver, part, 104_000, 104_000)
    assert refused.value.code == "sold_out"


def test_who_is_not_weighed_with_again_after_a_question_has_brought_nothing_short(canteen: Canteen) -> None:
    farm = Farm()
    part = weigh(canteen.receiver, arrived(canteen, farm), 60_000, 60_000)
    assert part.short_g == 40_000
    with transaction():
        accepting.question(farm.producer.id, part.public_id, "秤不准", actor="farm", now=ARRIVED + DAY)
    go_on(now=ARRIVED + 4 * DAY + HOUR)
    db.session.expire_all()
    assert (part.state, part.accepted_g, part.short_g, owed_fen(part)) == (PartState.ACCEPTED, 100_000, 0, 33_300)
    assert db.session.scalars(select(AuditEvent).filter_by(verb="contract_part.short")).all() == []


def test_nobody_was_asked_at_first_for_what_came_beside_an_order(canteen: Canteen) -> None:
    group = weigh(canteen.receiver, arrived(canteen, Farm()), 104_000, 104_000).order.group
    assert (asked_at_first_fen(group), payment_of(group).amount_fen) == (34_632, 34_632)
