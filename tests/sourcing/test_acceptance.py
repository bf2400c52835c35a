"""A contract's deliveries become orders; what is accepted is owed, what is refused goes back, and the books are whole."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.catalogue.models import LotContribution, MovementKind, StockMovement
from marketplace.catalogue.service import withdraw
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Invalid, NotFound
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.queries import balance_fen
from marketplace.orders.acceptance import accept_by_time
from marketplace.orders.astray import note_sound
from marketplace.orders.invoicing import find_invoice
from marketplace.orders.models import Order, OrderShare, ReturnedGoods
from marketplace.orders.queries import payment_of
from marketplace.orders.service import accept_delivery, confirm_payment
from marketplace.orders.settlement import BUYERS, CLEARING
from marketplace.orders.shares import producer_account
from marketplace.orders.states import OrderState
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment_for
from marketplace.registry.models import HouseholdStatus
from marketplace.sourcing import accepting
from marketplace.sourcing.accepting import Found
from marketplace.sourcing.clock import go_on
from marketplace.sourcing.demands import Window, weekly
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, ContractDelivery, ContractPart, DemandKind
from marketplace.sourcing.states import ContractState, PartState
from tests import factories
from tests.sourcing.world import DAY, HOUR, NOW, OPENS, Canteen, Farm, contracted, placed

ARRIVED = NOW + 7 * DAY


def part_of(contract: Contract, farm: Farm) -> ContractPart:
    db.session.expire_all()
    return db.session.scalars(select(ContractPart).filter_by(contract_id=contract.id, producer_id=farm.producer.id)).one()


def weighed(canteen: Canteen, part: ContractPart, accepted_kg: int, refused_kg: int = 0, *, goes_back: bool = True) -> None:
    found = Found(
        (accepted_kg + refused_kg) * 1000,
        accepted_kg * 1000,
        refused_kg * 1000,
        Grade.FIRST,
        "发芽了" if refused_kg else "",
        goes_back,
    )
    with transaction():
        accepting.weigh(canteen.receiver, part.public_id, found, now=ARRIVED + HOUR)


def delivery_of(contract: Contract) -> ContractDelivery:
    return db.session.scalars(select(ContractDelivery).filter_by(contract_id=contract.id)).one()


def pay(contract: Contract) -> int:
    """What the canteen pays for the only delivery."""
    with transaction():
        payment = get_payment_for("order_group", delivery_of(contract).group.public_id, lock=True)
        confirm_payment(payment, actor="bank", now=ARRIVED + 10 * DAY)
        return payment.amount_fen


def test_a_delivery_takes_the_shops_stock_and_makes_one_order_for_each_farm(canteen: Canteen) -> None:
    farms = [Farm(registered=True), Farm()]
    contract = placed(contracted(canteen, *farms))
    group = delivery_of(contract).group
    assert (contract.state, contract.total_fen, group.total_fen, group.payment_method) == (
        ContractState.IN_FORCE,
        40_000,
        40_000,
        PaymentMethod.AFTER_ACCEPTANCE,
    )
    assert [farm.available for farm in farms] == [150, 150]
    assert {order.producer_id: order.total_fen for order in group.orders} == {farm.producer.id: 20_000 for farm in farms}
    assert [part_of(contract, farm).benefit_bp for farm in farms] == [10_000, 0]
    for order in group.orders:
        shares = select(func.sum(OrderShare.amount_fen)).filter_by(order_id=order.id)
        assert db.session.scalar(shares) == order.total_fen


def test_placing_a_delivery_again_changes_nothing(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    placed(contract)
    assert farm.available == 100
    assert len(delivery_of(contract).group.orders) == 1


def test_goods_that_are_all_good_are_owed_invoiced_paid_and_shared_out(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    assert delivery_of(contract).payable_at is None
    with pytest.raises(Conflict, match="when they have been accepted"):
        pay(contract)
    weighed(canteen, part, 100)
    part = part_of(contract, farm)
    assert (part.state, part.accepted_g, part.invoice_matches) == (PartState.ACCEPTED, 100_000, True)
    row = delivery_of(contract)
    assert (row.payable_at, row.pay_by_at) == (ARRIVED + HOUR, ARRIVED + HOUR + 30 * DAY)
    assert contract.state == ContractState.FULFILLED
    invoice = find_invoice(part.order_id)
    assert invoice is not None
    assert (invoice.total_fen, invoice.title, invoice.snapshot["paid_on"]) == (40_000, "王园长", None)
    assert balance_fen(producer_account(farm.producer.public_id)) == 0
    assert pay(contract) == 40_000
    assert (balance_fen(BUYERS), balance_fen(CLEARING)) == (-40_000, 0)
    assert balance_fen(producer_account(farm.producer.public_id)) == part.order.producer_fen
    assert check_ledger().fault is None


def test_refused_goods_are_not_owed_and_go_back_to_their_farm(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    # 70 kg good, 20 kg refused, and 10 kg never arrived.
    weighed(canteen, part, 70, 20)
    part = part_of(contract, farm)
    assert (part.state, part.order.state, delivery_of(contract).payable_at) == (
        PartState.WEIGHED,
        OrderState.DELIVERED,
        None,
    )
    with transaction():
        accepting.agree(farm.producer.id, part.public_id, actor=farm.account.public_id, now=ARRIVED + DAY)
    part = part_of(contract, farm)
    assert (part.state, part.accepted_g, part.order.refunded_fen, part.order.uncharged_fen) == (
        PartState.ACCEPTED,
        70_000,
        12_000,
        12_000,
    )
    assert db.session.scalars(select(ReturnedGoods.quantity)).all() == [Decimal(20)]
    written_off = select(func.sum(StockMovement.quantity)).filter_by(kind=MovementKind.WRITE_OFF)
    assert db.session.scalar(written_off) == -10
    invoice = find_invoice(part.order_id)
    assert invoice is not None
    assert (invoice.total_fen, part.invoice_matches) == (28_000, True)
    with transaction():
        note_sound(part.order.public_id, farm.producer.id, {1: Decimal(15)}, actor="farm", now=ARRIVED + 2 * DAY)
    assert farm.available == 115
    assert pay(contract) == 28_000
    assert (balance_fen(BUYERS), balance_fen(CLEARING)) == (-28_000, 0)
    assert check_ledger().fault is None


def test_what_is_refused_whole_is_cancelled_and_nothing_is_owed(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    weighed(canteen, part, 0, 100, goes_back=False)
    go_on(now=ARRIVED + 4 * DAY)
    part = part_of(contract, farm)
    assert (part.state, part.accepted_g, part.order.state) == (PartState.REFUSED, 0, OrderState.CANCELLED)
    assert part.records[0].seller_word == "silent"
    assert (delivery_of(contract).payable_at, payment_of(delivery_of(contract).group).state) == (None, "cancelled")
    assert contract.state == ContractState.FULFILLED
    assert farm.available == 100
    assert find_invoice(part.order_id) is None


def test_a_seller_who_questions_is_weighed_with_once_more_and_that_is_the_last_word(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    weighed(canteen, part, 60, 40)
    with transaction():
        accepting.question(farm.producer.id, part.public_id, "秤不准", actor=farm.account.public_id, now=ARRIVED + DAY)
    assert part_of(contract, farm).state == PartState.QUESTIONED
    weighed(canteen, part, 90, 10)
    part = part_of(contract, farm)
    assert (part.state, part.accepted_g) == (PartState.ACCEPTED, 90_000)
    assert [(row.number, row.seller_word, row.accepted_g) for row in part.records] == [
        (1, "questioned", 60_000),
        (2, None, 90_000),
    ]


def test_a_buyer_who_does_not_answer_a_question_has_accepted_whole(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    weighed(canteen, part, 60, 40)
    with transaction():
        accepting.question(farm.producer.id, part.public_id, "秤不准", actor=farm.account.public_id, now=ARRIVED + DAY)
    go_on(now=ARRIVED + 4 * DAY + HOUR)
    assert (part_of(contract, farm).state, part_of(contract, farm).accepted_g) == (PartState.ACCEPTED, 100_000)


def test_goods_that_came_and_were_not_weighed_in_three_days_are_accepted_and_not_before(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    farm.ships(part_of(contract, farm).order.public_id, at=ARRIVED)
    assert accept_by_time(now=ARRIVED + 60 * DAY) == 0
    go_on(now=ARRIVED + 3 * DAY - HOUR)
    assert part_of(contract, farm).state == PartState.ORDERED
    go_on(now=ARRIVED + 3 * DAY)
    assert (part_of(contract, farm).state, part_of(contract, farm).invoice_matches) == (PartState.ACCEPTED, True)


def test_an_order_that_is_never_sent_is_given_up_and_its_goods_are_on_sale_again(canteen: Canteen) -> None:
    farms = [Farm(), Farm()]
    contract = placed(contracted(canteen, *farms))
    part = part_of(contract, farms[0])
    farms[0].ships(part.order.public_id, at=ARRIVED)
    weighed(canteen, part, 50)
    assert delivery_of(contract).payable_at is None
    go_on(now=NOW + 20 * DAY)
    late = part_of(contract, farms[1])
    assert (late.state, late.reason, late.order.state) == (PartState.FAILED, "never_sent", OrderState.CANCELLED)
    assert [farm.available for farm in farms] == [150, 200]
    assert delivery_of(contract).payable_at == NOW + 20 * DAY
    assert pay(contract) == 20_000


def test_a_lot_that_was_withdrawn_after_the_contract_fails_alone_and_says_why(canteen: Canteen) -> None:
    farms = [Farm(), Farm()]
    contract = contracted(canteen, *farms)
    with transaction():
        withdraw(farms[0].listing, actor="farm", now=NOW + 2 * HOUR)
    placed(contract)
    gone, there = (part_of(contract, farm) for farm in farms)
    assert (gone.state, gone.reason, gone.order_id) == (PartState.FAILED, "sold_out", None)
    assert (there.state, delivery_of(contract).group.total_fen) == (PartState.ORDERED, 20_000)
    assert farms[0].available == 200


def test_a_lot_withdrawn_after_its_order_was_placed_still_arrives(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    with transaction():
        withdraw(farm.listing, actor="farm", now=NOW + 4 * HOUR)
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    weighed(canteen, part, 100)
    assert part_of(contract, farm).state == PartState.ACCEPTED


def test_a_household_that_leaves_the_registry_keeps_its_part_and_the_order_says_the_new_benefit(canteen: Canteen) -> None:
    farm = Farm(registered=True)
    contract = contracted(canteen, farm)
    with transaction():
        db.session.execute(
            HouseholdStatus.__table__.update()
            .where(HouseholdStatus.household_id == farm.producer.household_id)
            .values(days=func.daterange(factories.date(2020, 1, 1), OPENS - 30 * DAY))
        )
    placed(contract)
    part = part_of(contract, farm)
    assert (part.state, part.benefit_bp) == (PartState.ORDERED, 10_000)
    assert [line.benefit_bp for line in part.order.lines] == [0]


def test_a_pooled_lots_money_is_split_to_the_fen(canteen: Canteen) -> None:
    farm = Farm(stock=0)
    with transaction():
        households = [factories.household().id for _ in range(3)]
        lot = factories.lot(farm.listing, Decimal(100), contributions=dict.fromkeys(households, 33_333))
    contract = placed(contracted(canteen, farm, fen_kg=333))
    line = part_of(contract, farm).order.lines[0]
    assert (line.total_fen, line.price_fen, line.lot_id) == (33_300, 333, lot.id)
    assert db.session.scalar(select(func.count()).select_from(LotContribution).filter_by(lot_id=lot.id)) == 3


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Found(-1, 0), "weight_negative"),
        (Found(50_000, 40_000, 20_000, refused_because="x"), "more_than_weighed"),
        (Found(200_000, 101_000, 99_000, refused_because="x"), "more_than_tolerated"),
        (Found(100_000, 90_000), "less_than_weighed"),
        (Found(100_000, 50_000, 50_000), "refused_why"),
        (Found(100_000, 100_000, pictures=["a" * 64] * 7), "too_many_pictures"),
    ],
)
def test_what_cannot_have_been_weighed_is_refused_and_nothing_changes(canteen: Canteen, found: Found, code: str) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    with pytest.raises(Invalid) as refused, transaction():
        accepting.weigh(canteen.receiver, part.public_id, found, now=ARRIVED + HOUR)
    assert refused.value.code == code
    part = part_of(contract, farm)
    assert (part.state, part.records, part.order.state) == (PartState.ORDERED, [], OrderState.DELIVERED)


def test_an_order_of_a_contract_is_not_accepted_in_the_shop_and_not_weighed_by_strangers(canteen: Canteen) -> None:
    farm = Farm()
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    farm.ships(part.order.public_id, at=ARRIVED)
    with pytest.raises(DomainError) as refused, transaction():
        accept_delivery(part.order.public_id, canteen.owner.account_id, actor="x", now=ARRIVED)
    assert refused.value.code == "by_contract"
    other_canteen, other_farm = Canteen(), Farm()
    with pytest.raises(NotFound), transaction():
        accepting.weigh(other_canteen.receiver, part.public_id, Found(1, 1), now=ARRIVED)
    with pytest.raises(NotFound), transaction():
        accepting.agree(other_farm.producer.id, part.public_id, actor="x", now=ARRIVED)


def test_boxes_are_sold_whole_and_the_contract_says_how_many_grams_that_is(canteen: Canteen) -> None:
    farm = Farm(unit=factories.Unit.BOX, unit_grams=1500)
    contract = placed(contracted(canteen, farm))
    part = part_of(contract, farm)
    assert (part.grams, part.total_fen) == (99_000, 39_600)
    assert [(line.quantity, line.price_fen, line.total_fen) for line in part.order.lines] == [(66, 600, 39_600)]


def test_a_recurring_demand_is_placed_delivery_by_delivery_as_its_days_come(canteen: Canteen) -> None:
    farm = Farm()
    contract = contracted(canteen, farm, kind=DemandKind.RECURRING, windows=weekly(Window(OPENS, OPENS, 50_000), 2))
    go_on(now=NOW + 1 * DAY)
    assert farm.available == 200
    go_on(now=NOW + 3 * DAY)
    assert farm.available == 150
    go_on(now=NOW + 10 * DAY)
    assert farm.available == 100
    groups = db.session.scalars(select(ContractDelivery.group_id).filter_by(contract_id=contract.id)).all()
    assert len(set(groups)) == 2
    assert db.session.scalar(select(func.count()).select_from(Order)) == 2
