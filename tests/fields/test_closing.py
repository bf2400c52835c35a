"""A closed account leaves nothing of its person but what has to stay; what is open holds it; the proof names nobody."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, Producer
from marketplace.fields import closing as module
from marketplace.fields.closing import close_due, obstacles
from marketplace.fields.jobs import close_accounts
from marketplace.identity.closures import REFLECTION, ask_closure, find_closure, take_closure_back
from marketplace.identity.consents import Purpose, give_consent
from marketplace.identity.contacts import Contact, set_contact
from marketplace.identity.models import Account, AccountClosure, RoleKind, SecondFactor, SignInAttempt
from marketplace.identity.service import create_account, issue_token
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import Base, db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.orders.models import OrderGroup
from marketplace.recommendations.models import Event
from marketplace.recommendations.subscriptions import subscribe
from marketplace.registry.models import Household
from marketplace.registry.reading import unbounded
from marketplace.webhooks.models import WebhookEndpoint
from tests import factories
from tests.aftersale.sale import Sale

NOW: datetime = factories.NOW
DUE = NOW + REFLECTION
CANARIES = ("canary-login@example.org", "金丝雀先生", "13700009999", "canary-letter@example.org", "canary-address.example")


def everything() -> str:
    """Every row of every table but the trail, as the database writes it."""
    found = []
    for table in Base.metadata.sorted_tables:
        if table.name != "audit_event":
            found += [
                str(row) for row in db.session.execute(unbounded(text(f'SELECT t::text FROM "{table.name}" t'), "a test"))
            ]
    return "\n".join(found)


def message(recipient: str, *, sent: bool) -> OutgoingMessage:
    return OutgoingMessage(
        channel="email",
        recipient=recipient,
        template="letter",
        language="zh_Hans",
        subject="金丝雀先生",
        body_text="金丝雀先生",
        headers={},
        created_at=NOW,
        next_attempt_at=NOW,
        sent_at=NOW if sent else None,
    )


@pytest.fixture
def person(session: Session) -> Account:
    """A buyer with something of every kind."""
    with transaction():
        made = create_account(CANARIES[0], CANARIES[1], "a long password", now=NOW)
        issue_token(made, now=NOW, name="金丝雀先生")
        set_contact("account", made.public_id, Contact("sms", phone=CANARIES[2]), actor="test", now=NOW)
        give_consent("account", made.public_id, Purpose.BADGE, "signed_in", recorded_by="test", now=NOW)
        subscribe(made, CANARIES[3], now=NOW)
        listing = factories.listing(factories.producer())
        factories.basket(made, (listing, 1))
        db.session.add_all(
            [
                Event(account_id=made.id, listing_id=listing.id, kind="view", at=NOW),
                SignInAttempt(login=CANARIES[0], address="10.0.0.1", at=NOW),
                SecondFactor(account_id=made.id, secret="JBSWY3DPEHPK3PXP", made_at=NOW),
                WebhookEndpoint(
                    account_id=made.id, url=f"https://{CANARIES[4]}/x", kinds=["order.paid"], secret="c2Vj", created_at=NOW
                ),
                message(CANARIES[0], sent=True),
                message(CANARIES[3], sent=False),
            ]
        )
    return made


def ask(account: Account) -> AccountClosure:
    with transaction():
        return ask_closure(account, now=NOW)


def test_nothing_of_the_person_is_left_once_the_days_are_over(person: Account) -> None:
    before = everything()
    assert all(canary in before for canary in CANARIES)
    closure = ask(person)
    assert close_due(now=DUE - timedelta(microseconds=1)) == 0 and everything().count(CANARIES[1]) == before.count(CANARIES[1])
    assert close_due(now=DUE) == 1
    left = everything()
    assert [canary for canary in CANARIES if canary in left] == []
    db.session.expire_all()
    closed = db.session.get_one(Account, person.id)
    assert (closed.login, closed.active, closed.password_hash, closed.roles) == (f"closed-{person.public_id}", False, None, [])
    assert closure.done_at == DUE
    assert closure.proof == {
        "account": 1,
        "event": 1,
        "outgoing_message": 2,
        "access_token": 1,
        "second_factor": 1,
        "sign_in_attempt": 1,
        "notice_contact": 1,
        "consent": 1,
        "digest_subscription": 1,
        "webhook_endpoint": 1,
        "basket_line": 1,
        "basket": 1,
        "role": 1,
    }
    trail = db.session.scalars(select(AuditEvent).filter_by(verb="account.closed")).one()
    assert trail.data == {"closure": closure.public_id, "rows": closure.proof}
    assert close_due(now=DUE) == 0


def test_somebody_elses_things_stay(person: Account) -> None:
    with transaction():
        other = create_account("other@example.org", "另一位", "a long password", now=NOW)
        set_contact("account", other.public_id, Contact("sms", phone="13600001111"), actor="test", now=NOW)
        issue_token(other, now=NOW)
        db.session.add(message("other@example.org", sent=False))
    ask(person)
    close_due(now=DUE)
    left = everything()
    assert all(mark in left for mark in ("other@example.org", "另一位", "13600001111"))
    assert db.session.scalar(text("SELECT count(*) FROM access_token")) == 1


def test_who_takes_it_back_stays_and_may_ask_again(person: Account) -> None:
    first = ask(person)
    assert ask(person).id == first.id
    with transaction():
        take_closure_back(person, now=NOW)
    assert close_due(now=DUE) == 0 and find_closure(person.id) is None
    with pytest.raises(Conflict) as refused, transaction():
        take_closure_back(person, now=NOW)
    assert refused.value.code == "closing_not_asked"
    assert ask(person).id != first.id


def test_an_open_purchase_holds_buyer_and_seller_and_the_office_closes_its_own(session: Session) -> None:
    sale = Sale(received=False)
    assert obstacles(sale.buyer_account) == ["buying"]
    assert "selling" in obstacles(sale.farmer)
    assert obstacles(sale.first_operator) == ["office"]
    assert obstacles(factories.account((RoleKind.OFFICER, "522636"))) == ["office"]
    closure = ask(sale.buyer_account)
    assert close_due(now=DUE) == 0 and closure.done_at is None


def test_a_buyers_purchase_and_the_books_stay_until_their_own_time(session: Session) -> None:
    sale = Sale()
    books = db.session.scalar(text("SELECT count(*) FROM entry"))
    ask(sale.buyer_account)
    assert close_due(now=DUE) == 1
    group = db.session.scalars(select(OrderGroup)).one()
    assert (group.account_id, group.phone != "", group.address != "") == (sale.buyer_account.id, True, True)
    assert db.session.scalar(text("SELECT count(*) FROM entry")) == books
    assert "王小满" not in db.session.scalars(select(Account.display_name)).all()


def test_a_sellers_goods_leave_the_market_and_the_households_file_stays(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = Sale()
    assert obstacles(sale.farmer) == ["money"]
    # What the market owes is paid out; here it is enough that the books say nothing is owed.
    monkeypatch.setattr(module, "balance_fen", lambda code: 0)
    ask(sale.farmer)
    assert close_due(now=DUE) == 1
    db.session.expire_all()
    producer = db.session.get_one(Producer, sale.producer.id)
    assert (producer.account_id, producer.badge_consent) == (None, False)
    assert {row.state for row in db.session.scalars(select(Listing))} == {"withdrawn"}
    assert len(db.session.scalars(select(Household)).all()) == 1


def test_the_hourly_job_closes_and_one_that_fails_keeps_no_other_open(person: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        other = create_account("other@example.org", "另一位", "a long password", now=NOW)
    ask(person)
    ask(other)
    whole = module.delete_history

    def fails_for_one(account: Account, *, now: datetime) -> int:
        if account.id == person.id:
            raise RuntimeError("the history is locked")
        return whole(account, now=now)

    monkeypatch.setattr(module, "delete_history", fails_for_one)
    close_accounts(int(DUE.timestamp()) + 1)
    db.session.expire_all()
    states = dict(db.session.execute(select(Account.id, Account.active)).all())
    assert (states[person.id], states[other.id]) == (True, False)
    assert db.session.get_one(Account, person.id).login == CANARIES[0]
