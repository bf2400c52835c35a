"""Claims: in time, with evidence, for no more than there is; answered, paid once, and added up."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.orders import claims as claims_module
from marketplace.orders.claim_handling import sweep_claims, take_step
from marketplace.orders.claim_queries import open_claim
from marketplace.orders.claim_rules import set_rule
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import (
    accept_claim,
    dispute_claim,
    offer_amount,
    refuse_claim,
    take_offer,
    withdraw_claim,
)
from marketplace.orders.models import Claim
from marketplace.orders.refunds import refund_order
from marketplace.orders.settlement import REFUNDS, SERVICE_FEE
from marketplace.orders.shares import producer_account
from marketplace.payments.models import Refund
from tests import factories
from tests.aftersale.sale import HOUR, NOW, PHOTO, Sale, all_entries, balance, found, step, stock
from tests.stock import stock_of

SECOND = timedelta(seconds=1)
FRESH = 48 * HOUR


def claims_there() -> int:
    return db.session.scalar(select(func.count()).select_from(Claim)) or 0


def refused(code: str, act: object, *args: object, **kwargs: object) -> None:
    """The act is refused for this reason, and no claim is there."""
    with pytest.raises((Conflict, Invalid, NotFound)) as refusal:
        act(*args, **kwargs)  # type: ignore[operator]
    assert refusal.value.code == code
    assert claims_there() == 0


def test_an_accepted_claim_goes_back_to_the_buyer_from_those_who_got_the_money(sale: Sale) -> None:
    assert balance(producer_account(sale.producer.public_id)) == 3880
    claim = step(accept_claim, sale.claim(1000), by=sale.seller)
    assert (claim.state, claim.settled_fen, claim.answer_by, claim.ended_at) == ("settled", 1000, None, NOW + 2 * HOUR)
    refund = db.session.get_one(Refund, claim.refund_id)
    assert (refund.amount_fen, refund.reason, sale.order.refunded_fen, claim.line.refunded_fen) == (1000, "claim", 1000, 1000)
    assert balance(producer_account(sale.producer.public_id)) == 3880 - 970
    assert (balance(SERVICE_FEE), balance(REFUNDS), all_entries()) == (120 - 30, 1000, 0)


def test_accepting_twice_pays_once(sale: Sale) -> None:
    claim_id = sale.claim(1000)
    step(accept_claim, claim_id, by=sale.seller)
    step(accept_claim, claim_id, by=sale.seller)
    assert (sale.order.refunded_fen, db.session.scalar(select(func.count()).select_from(Refund))) == (1000, 1)


def test_every_step_is_recorded_with_who_took_it(sale: Sale) -> None:
    claim_id = sale.claim(1000)
    step(offer_amount, claim_id, 400, "只坏了一点", by=sale.seller)
    step(take_offer, claim_id, by=sale.buyer)
    events = db.session.scalars(select(AuditEvent).filter_by(object_kind="claim", object_id=claim_id).order_by(AuditEvent.id))
    assert [(event.verb, event.actor, event.data["amount_fen"]) for event in events] == [
        ("claim.file", sale.buyer.name, 1000),
        ("claim.offer", sale.seller.name, 400),
        ("claim.take", sale.buyer.name, 400),
    ]
    assert [(row.party, row.action, row.words) for row in found(claim_id).steps] == [
        ("buyer", "file", "烂了"),
        ("seller", "offer", "只坏了一点"),
        ("buyer", "take", ""),
    ]


@pytest.mark.parametrize(("share_bp", "asked_fen"), [(10_000, 2500), (5_000, 1250), (3_333, 833), (1, 1)])
def test_a_share_of_the_goods_is_that_share_of_the_line(sale: Sale, share_bp: int, asked_fen: int) -> None:
    assert found(sale.claim(None, share_bp=share_bp)).asked_fen == asked_fen


def test_fresh_goods_can_be_claimed_to_the_very_second(sale: Sale) -> None:
    refused("claim_too_late", sale.claim, now=NOW + FRESH + SECOND)
    assert found(sale.claim(now=NOW + FRESH)).state == "filed"


def test_the_rule_of_a_category_holds_from_its_day_on(sale: Sale) -> None:
    with transaction():
        set_rule(sale.apples.category_id, date(2026, 6, 17), 168, False, actor="test", now=NOW)
    # On the 17th, 48 hours have just passed; the new rule says seven days.
    assert found(sale.claim(now=NOW + FRESH + SECOND)).state == "filed"
    with pytest.raises(Conflict) as refusal:
        sale.claim(line=2, now=NOW + FRESH + SECOND)
    assert (refusal.value.code, refusal.value.data["hours"]) == ("claim_too_late", 48)


def test_a_rule_cannot_begin_in_the_past_nor_twice_on_a_day(sale: Sale) -> None:
    apples = sale.apples.category_id
    with transaction():
        with pytest.raises(Invalid) as refusal:
            set_rule(apples, date(2026, 6, 14), 24, False, actor="test", now=NOW)
        assert refusal.value.code == "rule_in_past"
        set_rule(apples, date(2026, 6, 15), 24, False, actor="test", now=NOW)
        with pytest.raises(Conflict) as refusal_too:
            set_rule(apples, date(2026, 6, 15), 36, False, actor="test", now=NOW)
        assert refusal_too.value.code == "rule_exists"


def test_goods_on_their_way_can_be_bad_but_not_yet_missing(session: Session) -> None:
    sale = Sale(received=False)
    shipped_at = NOW - timedelta(days=1)
    late = shipped_at + timedelta(days=7)
    missing = partial(sale.claim, None, kind=ClaimKind.NOT_ARRIVED, pictures=[], share_bp=10_000)
    refused("not_late_yet", missing, now=late - SECOND)
    assert found(missing(now=late)).asked_fen == 2500
    assert found(sale.claim(line=2, asked_fen=100)).state == "filed"


def test_goods_that_were_received_are_not_missing(sale: Sale) -> None:
    refused("already_received", sale.claim, kind=ClaimKind.NOT_ARRIVED, pictures=[], now=NOW + timedelta(days=30))


def test_goods_that_never_left_are_missing_after_a_fortnight_and_the_order_is_given_up(session: Session) -> None:
    sale = Sale(sent=False, received=False)
    # They were picked after they had been ordered, so that they could not have come before.
    late = day_start(factories.TODAY) + timedelta(days=14)
    assert late > sale.group.placed_at + timedelta(days=14)
    refused("not_sent_yet", sale.claim, now=late)
    missing = partial(sale.claim, None, kind=ClaimKind.NOT_ARRIVED, pictures=[], share_bp=10_000)
    refused("not_late_yet", missing, now=late - SECOND)
    for line in (1, 2):
        step(accept_claim, missing(line=line, now=late), by=sale.seller, now=late + HOUR)
    assert (sale.order.state, sale.order.refunded_fen) == ("cancelled", 4000)
    assert all_entries() == 0


def test_goods_that_were_paid_back_before_they_left_are_not_packed_and_are_on_sale_again(session: Session) -> None:
    sale = Sale(sent=False, received=False)
    late = day_start(factories.TODAY) + timedelta(days=14)
    apples, greens = stock(sale.apples), stock(sale.greens)
    missing = partial(sale.claim, None, kind=ClaimKind.NOT_ARRIVED, pictures=[], now=late)
    # Something for the delay leaves the goods in the parcel.
    step(accept_claim, missing(line=2, share_bp=5000), by=sale.seller, now=late + HOUR)
    assert ([line.missing for line in sale.order.lines], stock(sale.greens)) == ([0, 0], greens)
    step(accept_claim, missing(line=1, share_bp=10_000), by=sale.seller, now=late + HOUR)
    assert ([line.missing for line in sale.order.lines], sale.order.state) == ([2, 0], "placed")
    assert (stock(sale.apples), stock_of(sale.apples.id)) == (apples + 2, apples + 2)
    # The rest of the money for the other goods ends the order, and nothing comes back twice.
    step(accept_claim, missing(line=2, share_bp=10_000), by=sale.seller, now=late + HOUR)
    assert (sale.order.state, sale.order.refunded_fen) == ("cancelled", 4000)
    assert (stock(sale.apples), stock(sale.greens)) == (apples + 2, greens + 5)
    assert all_entries() == 0


def test_when_the_last_goods_are_paid_back_before_they_left_the_freight_goes_back_as_well(session: Session) -> None:
    sale = Sale(sent=False, received=False, freight=True)
    late = day_start(factories.TODAY) + timedelta(days=14)
    missing = partial(sale.claim, None, kind=ClaimKind.NOT_ARRIVED, pictures=[], share_bp=10_000, now=late)
    for line in (1, 2):
        assert sale.order.state == "placed"
        step(accept_claim, missing(line=line), by=sale.seller, now=late + HOUR)
    order = sale.order
    assert order.delivery_fen > 0
    assert (order.state, order.refunded_fen, balance(REFUNDS)) == ("cancelled", order.total_fen, order.total_fen)


def test_goods_that_are_on_their_way_stay_sold_when_they_are_paid_back(session: Session) -> None:
    sale = Sale(received=False)
    late = NOW + timedelta(days=7)
    before = stock(sale.apples)
    claim = sale.claim(None, kind=ClaimKind.NOT_ARRIVED, pictures=[], share_bp=10_000, now=late)
    step(accept_claim, claim, by=sale.seller, now=late + HOUR)
    assert ([line.missing for line in sale.order.lines], stock(sale.apples)) == ([0, 0], before)


@pytest.mark.parametrize("kind", [ClaimKind.ROTTEN, ClaimKind.SHORT_WEIGHT, ClaimKind.WRONG_GOODS])
def test_what_can_be_seen_needs_a_photo(sale: Sale, kind: ClaimKind) -> None:
    refused("picture_needed", sale.claim, kind=kind, pictures=[])


def test_evidence_that_cannot_be_is_refused(sale: Sale) -> None:
    refused("too_many_pictures", sale.claim, pictures=[PHOTO] * 7)
    refused("words_needed", sale.claim, kind=ClaimKind.OTHER, words=" ", pictures=[])
    refused("words_too_long", sale.claim, words="烂" * 1001)
    refused("amount_invalid", sale.claim, 0)
    refused("amount_invalid", sale.claim, None)
    refused("amount_invalid", sale.claim, None, share_bp=10_001)
    refused("line_unknown", sale.claim, line=3)
    refused("line_unknown", sale.claim, line=0)


def test_nobody_claims_on_anothers_order(sale: Sale) -> None:
    sale.buyer = sale.operator
    refused("order_unknown", sale.claim)


def test_more_than_was_paid_for_a_line_cannot_be_asked_for(sale: Sale) -> None:
    refused("claim_too_large", sale.claim, 2501)
    assert found(sale.claim(2500)).asked_fen == 2500


def test_claims_on_a_line_add_up_to_the_line(sale: Sale) -> None:
    step(accept_claim, sale.claim(1500), by=sale.seller)
    with pytest.raises(Conflict) as refusal:
        sale.claim(1001)
    assert (refusal.value.code, refusal.value.data["left_fen"]) == ("claim_too_large", 1000)
    step(accept_claim, sale.claim(None, share_bp=10_000), by=sale.seller)
    assert sale.order.lines[0].refunded_fen == 2500
    with pytest.raises(Conflict) as nothing_left:
        sale.claim(1)
    assert nothing_left.value.data["left_fen"] == 0
    assert found(sale.claim(1500, line=2)).asked_fen == 1500


def test_the_constraint_of_a_line_holds_without_any_service(sale: Sale) -> None:
    sale.order.lines[0].refunded_fen = 2501
    with pytest.raises(IntegrityError, match="ck_order_line_refunded_within_total"):
        db.session.flush()
    db.session.rollback()


def test_one_claim_at_a_time_is_open_on_a_line(sale: Sale) -> None:
    first = sale.claim(100)
    with pytest.raises(Conflict) as refusal:
        sale.claim(100)
    assert (refusal.value.code, refusal.value.data["claim"]) == ("claim_open", first)
    step(withdraw_claim, first, by=sale.buyer)
    assert found(sale.claim(100)).state == "filed"


def test_a_claim_after_a_refund_gets_what_the_order_has_left(sale: Sale) -> None:
    claim_id = sale.claim(2500)
    with transaction():
        refund_order(sale.order_id, 3000, expected_refunded_fen=0, actor="operator", now=NOW + HOUR)
    claim = step(accept_claim, claim_id, by=sale.seller)
    assert (claim.state, claim.asked_fen, claim.settled_fen, sale.order.refunded_fen) == ("settled", 2500, 1000, 4000)
    with pytest.raises(Conflict) as nothing_left:
        sale.claim(1, line=2)
    assert nothing_left.value.code == "claim_too_large"


def test_a_claim_on_an_order_that_was_refunded_meanwhile_ends_without_money(sale: Sale) -> None:
    claim_id = sale.claim(2500)
    with transaction():
        refund_order(sale.order_id, 4000, expected_refunded_fen=0, actor="operator", now=NOW + HOUR)
    claim = step(accept_claim, claim_id, by=sale.seller)
    assert (claim.state, claim.settled_fen, claim.refund_id) == ("settled", 0, None)


def test_an_offer_lies_below_what_was_asked_and_has_a_reason(sale: Sale) -> None:
    claim_id = sale.claim(1000)
    for amount_fen, words, code in ((1000, "a", "offer_invalid"), (0, "a", "offer_invalid"), (400, " ", "words_needed")):
        with pytest.raises(Invalid) as refusal:
            step(offer_amount, claim_id, amount_fen, words, by=sale.seller)
        assert refusal.value.code == code
    assert step(offer_amount, claim_id, 400, "只坏了一点", by=sale.seller).offered_fen == 400
    # Sent twice it is one offer, and another amount is refused.
    step(offer_amount, claim_id, 400, "只坏了一点", by=sale.seller)
    with pytest.raises(Conflict):
        step(offer_amount, claim_id, 500, "好吧", by=sale.seller)
    claim = found(claim_id)
    assert (claim.offered_fen, len(claim.steps)) == (400, 2)


def test_words_of_a_claim_carry_no_way_around_the_market(sale: Sale) -> None:
    claim_id = sale.claim(1000, words="烂了，打我 13800138000")
    step(refuse_claim, claim_id, "加微信 nongjia2026 私下退", by=sale.seller)
    claim = found(claim_id)
    assert (claim.words, claim.steps[0].words, claim.steps[1].words) == (
        "烂了，打我 ***",
        "烂了，打我 ***",
        "加微信 *** 私下退",
    )


def test_the_sellers_time_ends_to_the_second(sale: Sale) -> None:
    filed_at = NOW + HOUR
    in_time, late = sale.claim(1000), sale.claim(500, line=2)
    assert step(accept_claim, in_time, by=sale.seller, now=filed_at + 48 * HOUR).state == "settled"
    with pytest.raises(Conflict) as refusal:
        step(accept_claim, late, by=sale.seller, now=filed_at + 48 * HOUR + SECOND)
    assert refusal.value.code == "claim_time_over"
    assert sweep_claims(now=filed_at + 48 * HOUR) == 0
    assert sweep_claims(now=filed_at + 48 * HOUR + SECOND) == 1


def test_a_seller_who_is_silent_has_agreed_to_a_small_claim(sale: Sale) -> None:
    claim_id = sale.claim(2500)
    assert sweep_claims(now=NOW + 50 * HOUR) == 1
    claim = found(claim_id)
    assert (claim.state, claim.settled_fen, claim.steps[-1].party, claim.steps[-1].action) == (
        "settled",
        2500,
        "clock",
        "accept",
    )
    assert sweep_claims(now=NOW + 51 * HOUR) == 0


def test_a_seller_who_is_silent_about_a_larger_claim_has_it_decided(sale: Sale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "SILENCE_AGREES_UP_TO_FEN", 2499)
    claim_id = sale.claim(2500)
    sweep_claims(now=NOW + 50 * HOUR)
    claim = found(claim_id)
    assert (claim.state, claim.settled_fen, claim.answer_by) == ("disputed", 0, NOW + 50 * HOUR + timedelta(days=5))
    # The operator's clock turns red and does nothing else.
    assert sweep_claims(now=NOW + timedelta(days=30)) == 0
    assert found(claim_id).state == "disputed"


def test_a_buyer_who_is_silent_has_the_offer_and_lets_a_refusal_stand(sale: Sale) -> None:
    offered, denied = sale.claim(1000), sale.claim(500, line=2)
    step(offer_amount, offered, 400, "一点点", by=sale.seller)
    step(refuse_claim, denied, "没坏", by=sale.seller)
    sweep_claims(now=NOW + 2 * HOUR + timedelta(hours=72))
    assert [found(one).state for one in (offered, denied)] == ["offered", "refused"]
    sweep_claims(now=NOW + 2 * HOUR + timedelta(hours=72) + SECOND)
    assert [(found(one).state, found(one).settled_fen) for one in (offered, denied)] == [("settled", 400), ("lapsed", 0)]


def test_an_open_claim_is_known_to_its_order(sale: Sale) -> None:
    assert not open_claim(sale.order)
    claim_id = sale.claim(1000)
    assert open_claim(sale.order)
    step(refuse_claim, claim_id, "没坏", by=sale.seller)
    step(dispute_claim, claim_id, "坏了", by=sale.buyer)
    assert open_claim(sale.order)
    step(withdraw_claim, claim_id, by=sale.buyer)
    assert not open_claim(sale.order)


def test_nobody_answers_for_another(sale: Sale) -> None:
    claim_id = sale.claim(1000)
    for act, args, by in (
        (accept_claim, (), sale.buyer),
        (refuse_claim, ("x",), sale.operator),
        (withdraw_claim, (), sale.seller),
        (dispute_claim, ("x",), sale.seller),
    ):
        with pytest.raises(NotFound) as refusal:
            step(act, claim_id, *args, by=by)
        assert refusal.value.code == "claim_unknown"
    assert found(claim_id).state == "filed"


def test_a_refund_of_a_claim_is_sent_by_hand_where_it_was_paid_by_transfer(sale: Sale) -> None:
    claim = step(accept_claim, sale.claim(1000), by=sale.seller)
    refund = db.session.get_one(Refund, claim.refund_id)
    assert (refund.attempt_id, refund.state) == (None, "created")


def test_a_step_inside_another_transaction_is_refused(sale: Sale) -> None:
    with transaction(), pytest.raises(RuntimeError, match="does not nest"):
        take_step(partial(accept_claim, "x", sale.seller, now=NOW), now=NOW)
