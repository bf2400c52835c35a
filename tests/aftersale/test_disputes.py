"""Disputes: ruled by one operator, appealed once to another, paid by seller and platform to the fen."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from marketplace.orders.claim_handling import sweep_claims
from marketplace.orders.claims import dispute_claim, operator, refuse_claim
from marketplace.orders.disputes import Ruling, appeal, open_file, rule, rule_again
from marketplace.orders.goodwill import GOODWILL, goodwill_parts
from marketplace.orders.settlement import CLEARING, REFUNDS, SERVICE_FEE
from marketplace.orders.shares import producer_account
from tests.aftersale.sale import HOUR, NOW, Sale, all_entries, balance, found, step

RULED_AT = NOW + 10 * HOUR
HALF = Ruling(1000, 400, "照片上一半是好的。")


def disputed(sale: Sale, asked_fen: int = 2000) -> str:
    claim_id = sale.claim(asked_fen)
    step(refuse_claim, claim_id, "发货时是好的", by=sale.seller, now=NOW + 2 * HOUR)
    step(dispute_claim, claim_id, "请看照片", by=sale.buyer, now=NOW + 3 * HOUR)
    return claim_id


def test_a_ruling_is_carried_out_when_nobody_has_appealed_in_time(sale: Sale) -> None:
    claim_id = disputed(sale)
    claim = step(rule, claim_id, HALF, by=sale.operator, now=RULED_AT)
    assert (claim.state, claim.ruled_fen, claim.goodwill_fen, claim.settled_fen) == ("ruled", 1000, 400, 0)
    sweep_claims(now=RULED_AT + timedelta(hours=72))
    assert found(claim_id).state == "ruled"
    sweep_claims(now=RULED_AT + timedelta(hours=72, seconds=1))
    claim = found(claim_id)
    assert (claim.state, claim.settled_fen, sale.order.refunded_fen) == ("settled", 1000, 1000)
    # Of 10.00 the platform bears 4.00; of the other 6.00 the seller bears 97 %.
    assert (balance(GOODWILL), balance(REFUNDS)) == (-400, 1000)
    assert balance(producer_account(sale.producer.public_id)) == 3880 - 582
    assert (balance(SERVICE_FEE), all_entries()) == (120 - 18, 0)


def test_a_ruling_of_nothing_ends_without_money(sale: Sale) -> None:
    claim_id = disputed(sale)
    step(rule, claim_id, Ruling(0, 0, "看不出坏。"), by=sale.operator, now=RULED_AT)
    sweep_claims(now=RULED_AT + timedelta(hours=73))
    claim = found(claim_id)
    assert (claim.state, claim.settled_fen, claim.refund_id, all_entries()) == ("settled", 0, None, 0)


def test_goodwill_of_goods_that_are_not_settled_yet_reaches_the_seller_at_once(session: object) -> None:
    sale = Sale(received=False)
    claim_id = disputed(sale)
    step(rule, claim_id, HALF, by=sale.operator, now=RULED_AT)
    sweep_claims(now=RULED_AT + timedelta(hours=73))
    assert (balance(GOODWILL), balance(CLEARING), balance(producer_account(sale.producer.public_id))) == (-400, 3000, 388)
    sale.receive()
    assert balance(producer_account(sale.producer.public_id)) == 3880 - 582
    assert (balance(CLEARING), all_entries()) == (0, 0)


def test_goodwill_is_what_makes_each_bear_the_rest_alone(sale: Sale) -> None:
    order = sale.order
    for before, amount, goodwill in ((0, 1000, 400), (333, 777, 777), (1, 2, 1), (3999, 1, 0)):
        seller, fee = goodwill_parts(order, before + amount, goodwill).values()
        assert seller + fee == goodwill
        assert seller == (before + amount) * 3880 // 4000 - (before + amount - goodwill) * 3880 // 4000


@pytest.mark.parametrize("side", ["buyer", "seller"])
def test_either_side_appeals_once_and_a_colleague_decides_at_once(sale: Sale, side: str) -> None:
    claim_id = disputed(sale)
    step(rule, claim_id, HALF, by=sale.operator, now=RULED_AT)
    claim = step(appeal, claim_id, "不对", by=getattr(sale, side), now=RULED_AT + timedelta(hours=72))
    assert claim.state == "appealed"
    with pytest.raises(Forbidden) as refusal:
        step(rule_again, claim_id, HALF, by=sale.operator, now=RULED_AT + timedelta(hours=73))
    assert refusal.value.code == "another_operator"
    claim = step(rule_again, claim_id, Ruling(2000, 0, "确实坏了"), by=sale.colleague, now=RULED_AT + timedelta(hours=74))
    assert (claim.state, claim.settled_fen, claim.ruled_fen, sale.order.refunded_fen) == ("settled", 2000, 2000, 2000)
    with pytest.raises(Conflict):
        step(appeal, claim_id, "还是不对", by=sale.buyer, now=RULED_AT + timedelta(hours=75))


def test_an_appeal_comes_in_time_or_not_at_all(sale: Sale) -> None:
    claim_id = disputed(sale)
    step(rule, claim_id, HALF, by=sale.operator, now=RULED_AT)
    with pytest.raises(Conflict) as refusal:
        step(appeal, claim_id, "不对", by=sale.seller, now=RULED_AT + timedelta(hours=72, seconds=1))
    assert refusal.value.code == "claim_time_over"


def test_four_eyes_are_held_by_the_database_itself(sale: Sale) -> None:
    claim = found(disputed(sale))
    claim.ruled_by_id = claim.ruled_again_by_id = sale.first_operator.id
    with pytest.raises(IntegrityError, match="ck_claim_appeal_by_another"):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize(
    ("ruling", "code"),
    [
        (Ruling(2001, 0, "多"), "ruling_invalid"),
        (Ruling(-1, 0, "少"), "ruling_invalid"),
        (Ruling(1000, 1001, "多"), "ruling_invalid"),
        (Ruling(1000, -1, "少"), "ruling_invalid"),
        (Ruling(1000, 0, "  "), "reason_needed"),
        (Ruling(1000, 0, "长" * 1001), "words_too_long"),
    ],
)
def test_a_ruling_that_cannot_be_changes_nothing(sale: Sale, ruling: Ruling, code: str) -> None:
    claim_id = disputed(sale)
    with pytest.raises(Invalid) as refusal:
        step(rule, claim_id, ruling, by=sale.operator, now=RULED_AT)
    assert refusal.value.code == code
    assert (found(claim_id).state, found(claim_id).ruled_fen) == ("disputed", None)


def test_nobody_rules_in_a_dispute_of_their_own(sale: Sale) -> None:
    claim_id = disputed(sale)
    for account in (sale.buyer_account, sale.farmer):
        with pytest.raises(Forbidden) as refusal:
            step(rule, claim_id, HALF, by=operator(account.id, account.public_id), now=RULED_AT)
        assert refusal.value.code == "own_dispute"


def test_a_second_ruling_does_not_replace_the_first(sale: Sale) -> None:
    claim_id = disputed(sale)
    step(rule, claim_id, HALF, by=sale.operator, now=RULED_AT)
    step(rule, claim_id, Ruling(2000, 0, "全退"), by=sale.colleague, now=RULED_AT + HOUR)
    claim = found(claim_id)
    assert (claim.ruled_fen, claim.ruled_by_id, len(claim.steps)) == (1000, sale.first_operator.id, 4)


def test_a_claim_that_nobody_disputes_cannot_be_ruled(sale: Sale) -> None:
    claim_id = sale.claim(1000)
    with pytest.raises(DomainError) as refusal:
        step(rule, claim_id, HALF, by=sale.operator, now=RULED_AT)
    assert refusal.value.code == "claim_state"
    assert found(claim_id).ruled_fen is None


def test_messages_are_opened_to_the_operator_by_a_dispute_alone_and_it_is_recorded(sale: Sale) -> None:
    peaceful = found(sale.claim(100, line=2))
    with transaction():
        assert not open_file(peaceful, sale.operator, now=NOW)
    claim_id = disputed(sale)
    with transaction():
        assert open_file(found(claim_id), sale.operator, now=NOW)
    events = db.session.scalars(select(AuditEvent).filter_by(verb="dispute.file_read")).all()
    assert [(event.object_id, event.actor) for event in events] == [(claim_id, sale.operator.name)]
