"""What is past its time is forgotten to the second, in batches, and only its number is noted; the rest stays."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.catalogue.models import PriceCheck, PriceEvidence
from marketplace.delivery.models import DeliveryMethod
from marketplace.fields import forgetting as module
from marketplace.fields.forgetting import FORGETTINGS, Forgetting, forget, forget_all
from marketplace.fields.jobs import forget as forget_job
from marketplace.fields.keeping import RULES, Period, Rule
from marketplace.identity import answer_codes
from marketplace.identity.consents import Purpose, give_consent, withdraw_consent
from marketplace.identity.models import HolderRole, Mandate, MandateState, SignInAttempt
from marketplace.identity.service import issue_token
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.orders.messages import send_message
from marketplace.orders.models import Basket, BasketLine, OrderDelivery
from marketplace.recommendations.models import Event, ServedList
from tests import factories
from tests.aftersale.sale import PHOTO, Sale
from tests.factories import delivery as delivery_factories

NOW = factories.NOW
ONE = timedelta(microseconds=1)
IDS = [f"{one.rule}-{one.table}" for one in FORGETTINGS]


@pytest.fixture
def lived(session: Session) -> Sale:
    """Something of every kind that is forgotten one day, all of about ``NOW``."""
    sale = Sale()
    sale.claim(pictures=[PHOTO])
    with transaction():
        send_message(sale.order_id, "什么时候到？", account_id=sale.buyer_account.id, actor="test", now=NOW)
        mandate = add_mandate(sale)
        answer_codes.issue_code(mandate, "mandate", "1", now=NOW)
        issue_token(sale.buyer_account, now=NOW)
        give_consent("producer", sale.producer.public_id, Purpose.BADGE, "paper", recorded_by="test", now=NOW)
        withdraw_consent("producer", sale.producer.public_id, Purpose.BADGE, by="test", now=NOW)
        method: DeliveryMethod = delivery_factories.method()
        visitor = Basket(account_id=None, created_at=NOW, changed_at=NOW)
        checks = [price_check(sale.apples.id) for _ in range(2)]
        db.session.add_all([visitor, *checks, message(), SignInAttempt(login="wang", address="10.0.0.1", at=NOW)])
        db.session.flush()
        db.session.add_all(
            [
                BasketLine(basket_id=visitor.id, listing_id=sale.apples.id, quantity=1, price_fen_shown=1),
                PriceEvidence(check_id=checks[0].id, at=NOW, given_by="seller", actor="test", words="今年少"),
                Event(account_id=sale.buyer_account.id, listing_id=sale.apples.id, kind="view", at=NOW),
                served_list(sale.buyer_account.id),
                order_delivery(sale.order.id, method.id),
            ]
        )
    return sale


def add_mandate(sale: Sale) -> Mandate:
    made = Mandate(
        holder_id=sale.first_operator.id,
        holder_role=HolderRole.OFFICER,
        principal_kind="producer",
        principal_id=sale.producer.public_id,
        scopes=["list"],
        state=MandateState.REVOKED,
        begins_at=NOW - timedelta(days=9),
        ends_at=NOW + timedelta(days=9),
        evidence_kind="thumbprint",
        evidence_picture="a" * 64,
        recorded_by_id=sale.second_operator.id,
        recorded_at=NOW,
        ended_at=NOW,
        ended_how="told_officer",
    )
    db.session.add(made)
    db.session.flush()
    return made


def message() -> OutgoingMessage:
    return OutgoingMessage(
        occasion="once",
        channel="sms",
        recipient="13800001234",
        template="x",
        language="zh_Hans",
        subject="s",
        body_text="b",
        headers={},
        created_at=NOW,
        next_attempt_at=NOW,
        sent_at=NOW,
    )


def price_check(listing_id: int) -> PriceCheck:
    return PriceCheck(
        listing_id=listing_id,
        at=NOW,
        checked_on=factories.TODAY,
        price_fen=1,
        unit_grams=1,
        basis="none",
        expected_fen=None,
        deviation=0.0,
        verdict="unchecked",
        review="none",
    )


def served_list(account_id: int) -> ServedList:
    return ServedList(
        at=NOW,
        account_id=account_id,
        surface="home",
        listing_ids=[1],
        policy_ids=[None],
        position_weights=[1.0],
        relevance=[0.5],
        propensity=[1.0],
        benefit_bp=[0],
        exposure=1.0,
        registered_exposure=0.0,
        multipliers={},
    )


def order_delivery(order_id: int, method_id: int) -> OrderDelivery:
    day = factories.TODAY
    return OrderDelivery(
        order_id=order_id,
        kind="courier",
        method_id=method_id,
        name_zh="快递",
        name_en="Courier",
        place_address="南街 5 号",
        temperature="ambient",
        grams=1,
        arrives_from=day,
        arrives_to=day,
        parts=[],
    )


def due(one: Forgetting) -> list[datetime]:
    """The moments from which the period of what is not forgotten yet runs."""
    query = text(f'SELECT {one.since} FROM "{one.table}" WHERE {one.only} AND {one.since} IS NOT NULL ORDER BY 1')
    return list(db.session.scalars(query))


@pytest.mark.parametrize("one", FORGETTINGS, ids=IDS)
def test_each_kind_is_forgotten_when_its_time_is_over_and_not_before(lived: Sale, one: Forgetting) -> None:
    moments = due(one)
    assert moments
    over = moments[-1] + timedelta(days=RULES[one.rule].days_on(factories.TODAY))
    rows = db.session.scalar(text(f'SELECT count(*) FROM "{one.table}"'))
    assert forget(one, now=moments[0] + timedelta(days=RULES[one.rule].days_on(factories.TODAY))) == 0
    assert due(one) == moments
    assert forget(one, now=over + ONE) == len(moments)
    assert due(one) == []
    left = db.session.scalar(text(f'SELECT count(*) FROM "{one.table}"'))
    assert left == (rows if one.blank else rows - len(moments))
    event = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.verb, event.actor, event.object_id) == ("data.forgotten", "forget", one.table)
    assert (event.data["rule"], event.data["rows"]) == (one.rule, len(moments))
    events = db.session.scalar(select(func.count(AuditEvent.id)))
    assert forget(one, now=over + ONE) == 0
    assert db.session.scalar(select(func.count(AuditEvent.id))) == events


def test_after_all_their_times_nobody_is_found_in_what_was_theirs(lived: Sale) -> None:
    forget_all(now=NOW + timedelta(days=5000))
    group = lived.group
    db.session.refresh(group)
    assert (group.recipient, group.phone, group.address, group.total_fen) == ("", "", "", 4000)
    kept = db.session.scalars(select(OutgoingMessage).filter_by(occasion="once")).one()
    assert (kept.recipient, kept.body_text) == ("", "")
    assert db.session.scalars(select(ServedList.account_id)).all() == [None]
    assert db.session.scalars(select(Mandate.evidence_picture)).all() == [""]
    # A basket of somebody who is signed in is theirs until they empty it.
    assert None not in db.session.scalars(select(Basket.account_id)).all()


def test_a_batch_at_a_time_and_what_somebody_holds_is_left(lived: Sale) -> None:
    with transaction():
        db.session.add_all(SignInAttempt(login="li", address="10.0.0.1", at=NOW) for _ in range(6))
    (attempts,) = [one for one in FORGETTINGS if one.table == "sign_in_attempt"]
    assert forget(attempts, now=NOW + timedelta(days=2), batch=3) == 7
    numbers = [event.data["rows"] for event in db.session.scalars(select(AuditEvent).filter_by(verb="data.forgotten"))]
    assert sorted(numbers) == [1, 3, 3]


def test_one_rule_that_fails_does_not_keep_the_others_from_being_held(
    lived: Sale, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Forgetting("history", "account", "created_at", "login <> ''")
    monkeypatch.setattr(module, "FORGETTINGS", (broken, *FORGETTINGS))
    done = forget_all(now=NOW + timedelta(days=5000))
    assert (done["account"], done["sign_in_attempt"], done["event"]) == (0, 1, 1)
    assert "what is past its time in account is left for the next time" in caplog.text


def test_the_nightly_job_forgets(lived: Sale) -> None:
    forget_job.func(timestamp=int((NOW + timedelta(days=2)).timestamp()))
    assert db.session.scalar(select(func.count(SignInAttempt.id))) == 0
    assert db.session.scalar(select(func.count(Event.id))) == 1


def test_a_new_period_holds_from_its_day_on() -> None:
    first, second = Period(factories.TODAY, 10, "a"), Period(factories.TODAY + timedelta(days=1), 5, "b")
    rule = Rule("%(span)s", (second, first))
    assert [rule.days_on(factories.TODAY + timedelta(days=days)) for days in (0, 1, 2)] == [10, 5, 5]
    assert rule.before(NOW) == NOW - timedelta(days=10)
