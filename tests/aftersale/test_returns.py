"""Goods that go back: agreed, sent, arrived, checked; on stock only if they can be sold, and the money only after that."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Unit
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Conflict, Invalid
from marketplace.orders.claim_handling import sweep_claims
from marketplace.orders.claim_rules import set_rule
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import ask_goods_back, claimed_quantity, withdraw_claim
from marketplace.orders.models import OrderLine
from marketplace.orders.returns import note_arrival, note_check, question_return, send_back
from tests.aftersale.sale import HOUR, NOW, Sale, all_entries, found, step, stock

SECOND = timedelta(seconds=1)
T = NOW + 2 * HOUR


@pytest.fixture
def dry(session: Session) -> Sale:
    """Goods that keep, and can travel back."""
    sale = Sale()
    with transaction():
        for shelf in (sale.apples.category_id, sale.greens.category_id):
            set_rule(shelf, date(2026, 6, 15), 168, True, actor="test", now=NOW)
    return sale


def agreed(sale: Sale, asked_fen: int = 1250, line: int = 1) -> str:
    claim_id = sale.claim(asked_fen, kind=ClaimKind.WRONG_GOODS, line=line)
    step(ask_goods_back, claim_id, "请寄回来", by=sale.seller, now=T)
    return claim_id


def on_its_way(sale: Sale, **which: int) -> str:
    claim_id = agreed(sale, **which)
    step(send_back, claim_id, "顺丰", "SF1234567890", by=sale.buyer, now=T)
    return claim_id


def state_of(claim_id: str) -> tuple[str, str]:
    claim = found(claim_id)
    assert claim.goods_return is not None
    return claim.state, claim.goods_return.state


def test_goods_that_are_fit_for_sale_go_back_on_stock_and_the_money_to_the_buyer(dry: Sale) -> None:
    claim_id = on_its_way(dry)
    goods = found(claim_id).goods_return
    assert (goods.quantity, goods.carrier, goods.tracking_number) == (1, "顺丰", "SF1234567890")
    step(note_arrival, claim_id, by=dry.seller, now=T)
    assert (stock(dry.apples), dry.order.refunded_fen) == (8, 0)
    step(note_check, claim_id, True, by=dry.seller, now=T)
    assert state_of(claim_id) == ("settled", "checked")
    assert (stock(dry.apples), dry.order.refunded_fen, all_entries()) == (9, 1250, 0)
    step(note_check, claim_id, True, by=dry.seller, now=T)
    assert (stock(dry.apples), dry.order.refunded_fen) == (9, 1250)


def test_goods_that_cannot_be_sold_are_paid_for_and_not_put_back(dry: Sale) -> None:
    claim_id = on_its_way(dry)
    step(note_arrival, claim_id, by=dry.seller, now=T)
    step(note_check, claim_id, False, by=dry.seller, now=T)
    assert (state_of(claim_id), stock(dry.apples), dry.order.refunded_fen) == (("settled", "checked"), 8, 1250)


def test_no_more_comes_back_than_was_bought(dry: Sale) -> None:
    for asked_fen in (1300, 1200):
        claim_id = on_its_way(dry, asked_fen=asked_fen)
        step(note_arrival, claim_id, by=dry.seller, now=T)
        step(note_check, claim_id, True, by=dry.seller, now=T)
    # 13.00 of two boxes is two boxes; the second claim brings money, and no third box.
    assert (stock(dry.apples), dry.order.lines[0].refunded_fen) == (10, 2500)


@pytest.mark.parametrize(
    ("unit", "quantity", "asked_fen", "claimed"),
    [
        (Unit.BOX, "3", 500, "2"),
        (Unit.BOX, "3", 1000, "3"),
        (Unit.BOX, "3", 1, "1"),
        (Unit.JIN, "5", 1, "0.1"),
        (Unit.JIN, "5", 500, "2.5"),
        (Unit.JIN, "0.5", 333, "0.2"),
    ],
)
def test_an_amount_stands_for_whole_pieces_and_tenths_of_a_weight(
    unit: Unit, quantity: str, asked_fen: int, claimed: str
) -> None:
    line = OrderLine(unit=unit, quantity=Decimal(quantity), missing=Decimal(0), total_fen=1000)
    assert claimed_quantity(line, asked_fen) == Decimal(claimed)


def test_fresh_goods_and_goods_that_never_came_do_not_go_back(sale: Sale) -> None:
    claim_id = sale.claim(1000)
    with pytest.raises(Conflict) as refusal:
        step(ask_goods_back, claim_id, "请寄回来", by=sale.seller, now=T)
    assert (refusal.value.code, found(claim_id).state) == ("not_returnable", "filed")


def test_a_parcel_has_a_carrier_and_a_number(dry: Sale) -> None:
    claim_id = agreed(dry)
    for carrier, number in (("", "SF1"), ("顺丰", " ")):
        with pytest.raises(Invalid) as refusal:
            step(send_back, claim_id, carrier, number, by=dry.buyer, now=T)
        assert refusal.value.code == "carrier_needed"
    assert state_of(claim_id) == ("returning", "agreed")


def test_each_step_of_a_return_waits_for_the_one_before(dry: Sale) -> None:
    claim_id = agreed(dry)
    for act, args in ((note_arrival, ()), (note_check, (True,))):
        with pytest.raises(Conflict) as refusal:
            step(act, claim_id, *args, by=dry.seller, now=T)
        assert refusal.value.code == "return_state"
    assert state_of(claim_id) == ("returning", "agreed")


def test_goods_that_are_never_sent_end_the_claim(dry: Sale) -> None:
    claim_id = agreed(dry)
    with pytest.raises(Conflict) as refusal:
        step(send_back, claim_id, "顺丰", "SF1", by=dry.buyer, now=T + timedelta(days=7) + SECOND)
    assert refusal.value.code == "claim_time_over"
    sweep_claims(now=T + timedelta(days=7))
    assert state_of(claim_id) == ("returning", "agreed")
    sweep_claims(now=T + timedelta(days=7) + SECOND)
    assert (state_of(claim_id), dry.order.refunded_fen) == (("lapsed", "given_up"), 0)


def test_a_parcel_that_nobody_has_seen_goes_to_the_operator(dry: Sale) -> None:
    claim_id = on_its_way(dry)
    sweep_claims(now=T + timedelta(days=14) + SECOND)
    assert (state_of(claim_id), stock(dry.apples)) == (("disputed", "questioned"), 8)


def test_a_seller_who_does_not_look_pays_and_gets_nothing_on_stock(dry: Sale) -> None:
    claim_id = on_its_way(dry)
    step(note_arrival, claim_id, by=dry.seller, now=T)
    sweep_claims(now=T + timedelta(hours=72) + SECOND)
    assert (state_of(claim_id), stock(dry.apples), dry.order.refunded_fen) == (("settled", "checked"), 8, 1250)


def test_a_seller_who_finds_something_else_in_the_parcel_has_it_decided(dry: Sale) -> None:
    claim_id = on_its_way(dry)
    step(note_arrival, claim_id, by=dry.seller, now=T)
    step(question_return, claim_id, "箱子里是石头", by=dry.seller, now=T)
    assert (state_of(claim_id), dry.order.refunded_fen) == (("disputed", "questioned"), 0)
    with pytest.raises(Conflict):
        step(note_check, claim_id, True, by=dry.seller, now=T)


def test_a_claim_is_not_let_go_while_its_goods_are_on_the_way(dry: Sale) -> None:
    claim_id = on_its_way(dry)
    with pytest.raises(Conflict) as refusal:
        step(withdraw_claim, claim_id, by=dry.buyer, now=T)
    assert refusal.value.code == "goods_under_way"
    unsent = agreed(dry, asked_fen=500, line=2)
    step(withdraw_claim, unsent, by=dry.buyer, now=T)
    with pytest.raises(Conflict) as too_late:
        step(send_back, unsent, "顺丰", "SF1", by=dry.buyer, now=T)
    assert too_late.value.code == "return_state"
