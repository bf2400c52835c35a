"""Closing an account: what is kept for its person alone goes, what law or duty has us keep stays (PIPL, article 47).

Gone are the name and everything by which the person signs in or is reached, what the market remembered for them, their words in
reviews, and a seller's bank account. What stays is under a number without a name: the books, the trail of deeds, purchases for
as long as claims can be made on them (``keeping``, rule ``trade``), and the government's own file of a household.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, text

from marketplace.assistance.needs.queries import busy_count, find_helper
from marketplace.catalogue.badge import refuse_badge
from marketplace.catalogue.models import Listing, ListingState, Producer
from marketplace.catalogue.queries import producer_of
from marketplace.catalogue.service import withdraw
from marketplace.identity.closures import due_closures
from marketplace.identity.mandate_states import MandateAction
from marketplace.identity.mandates import end_mandate
from marketplace.identity.models import Account, AccountClosure, Answered, Mandate, MandateState, RoleKind
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows, transaction
from marketplace.kernel.errors import N_
from marketplace.ledger.queries import balance_fen
from marketplace.orders.models import Claim, Order, OrderGroup
from marketplace.orders.shares import producer_account
from marketplace.orders.states import OrderState
from marketplace.recommendations.service import delete_history
from marketplace.registry.reading import unbounded

_log = logging.getLogger("marketplace.fields")

# What keeps an account from being closed, and what its person is told of it.
OBSTACLES = {
    "office": N_("An account of an office is closed by the office: your deeds in it are the government’s own."),
    "buying": N_("A purchase of yours is on its way, or a claim on one is open. Both end first."),
    "selling": N_("An order to you is open, or a claim on one. Both end first."),
    "helping": N_("You have taken on a need that has not arrived yet. Deliver it or give it up first."),
    "money": N_("The market still owes you money, or you owe it some. That is settled first."),
}
_ENDED_ORDERS = (OrderState.ACCEPTED, OrderState.CANCELLED)
_SOLE = "SELECT enterprise_id FROM enterprise_member GROUP BY enterprise_id HAVING bool_and(account_id = :account)"
_FORGET_PLACES = f"""
    UPDATE delivery_place SET name = '–', recipient = '–', phone = '', address = '–', hours = '',
        closed_at = coalesce(closed_at, :now)
    WHERE enterprise_id IN ({_SOLE})
"""
_BASKETS = "SELECT id FROM basket WHERE account_id = :account AND NOT ordered"
_COMPLAINED = "WHERE complainant_id = :account"
_OWN = "owner_id IN (:public_id, :producer)"
_EMPTY_MESSAGE = "recipient = '', subject = '', body_text = '', body_html = NULL, headers = '{}'"
_ADDRESSES = (
    "SELECT :login UNION SELECT address FROM digest_subscription WHERE account_id = :account UNION "
    f"SELECT unnest(ARRAY[phone, email]) FROM notice_contact WHERE {_OWN}"
)
_OWN_MESSAGES = f"recipient <> '' AND recipient IN ({_ADDRESSES})"

# In this order: what a later one looks up must still be there, and parts go before their whole.
_STEPS: tuple[tuple[str, str], ...] = (
    ("outgoing_message", f"DELETE FROM outgoing_message WHERE sent_at IS NULL AND {_OWN_MESSAGES}"),
    (
        "outgoing_message",
        f"UPDATE outgoing_message SET {_EMPTY_MESSAGE} WHERE {_OWN_MESSAGES}",
    ),
    ("access_token", "DELETE FROM access_token WHERE account_id = :account"),
    ("recovery_code", "DELETE FROM recovery_code WHERE account_id = :account"),
    ("second_factor", "DELETE FROM second_factor WHERE account_id = :account"),
    ("sign_in_attempt", "DELETE FROM sign_in_attempt WHERE login = :login"),
    ("notice_contact", f"DELETE FROM notice_contact WHERE {_OWN}"),
    (
        "consent",
        f"UPDATE consent SET withdrawn_at = :now, withdrawn_by = 'closing' WHERE {_OWN} AND withdrawn_at IS NULL",
    ),
    ("digest_subscription", "DELETE FROM digest_subscription WHERE account_id = :account"),
    ("preference", "DELETE FROM preference WHERE account_id = :account"),
    # An enterprise that nobody else ever acted for is the person: its name goes, what it bought stays in the books.
    ("purchase_target", f"DELETE FROM purchase_target WHERE enterprise_id IN ({_SOLE})"),
    (
        "delivery_place",
        _FORGET_PLACES,
    ),
    ("enterprise", f"UPDATE enterprise SET name = '–', invoice_title = '–', tax_number = NULL WHERE id IN ({_SOLE})"),
    ("enterprise_member", "UPDATE enterprise_member SET left_at = :now WHERE account_id = :account AND left_at IS NULL"),
    ("webhook_endpoint", "DELETE FROM webhook_endpoint WHERE account_id = :account"),
    ("basket_line", f"DELETE FROM basket_line WHERE basket_id IN ({_BASKETS})"),
    ("basket", f"DELETE FROM basket WHERE id IN ({_BASKETS})"),
    ("review_picture", "DELETE FROM review_picture WHERE review_id IN (SELECT id FROM review WHERE account_id = :account)"),
    ("review", "UPDATE review SET words = '', author = '***' WHERE account_id = :account"),
    (
        "complaint_household",
        f"DELETE FROM complaint_household WHERE complaint_id IN (SELECT id FROM complaint {_COMPLAINED})",
    ),
    (
        "complaint",
        f"UPDATE complaint SET anonymous = true, name = NULL, contact = NULL, complainant_id = NULL {_COMPLAINED}",
    ),
    ("price_alert", "DELETE FROM price_alert WHERE account_id = :account"),
    (
        "policy_question",
        "UPDATE policy_question SET words = '', state = replace(state, 'waiting', 'withdrawn') WHERE account_id = :account",
    ),
    # A unit is its own; a donor is the person.
    ("helper_unit", "UPDATE helper_unit SET name = '–' WHERE account_id = :account AND kind = 'donor'"),
    ("payee_account", "DELETE FROM payee_account WHERE ledger_code = :ledger_code"),
    ("role", "DELETE FROM role WHERE account_id = :account"),
)


def obstacles(account: Account) -> list[str]:
    """What has to end before the account can be closed, as keys of ``OBSTACLES``; nothing where it can be."""
    return list(_obstacles(account))


def _obstacles(account: Account) -> Iterator[str]:
    if {role.kind for role in account.roles} & {RoleKind.OFFICER, RoleKind.OPERATOR, RoleKind.AUDITOR}:
        yield "office"
    bought = OrderGroup.account_id == account.id
    if _open(bought):
        yield "buying"
    unit = find_helper(account)
    if unit is not None and busy_count(unit):
        yield "helping"
    producer = producer_of(account.id)
    if producer is None:
        return
    if _open(Order.producer_id == producer.id):
        yield "selling"
    if balance_fen(producer_account(producer.public_id)):
        yield "money"


def _open(whose: Any) -> bool:
    """Whether an order of somebody's, or a claim on one, has not ended."""
    claimed = select(Claim.id).where(Claim.order_id == Order.id, Claim.ended_at.is_(None)).exists()
    query = select(func.count()).select_from(Order).join(OrderGroup, OrderGroup.id == Order.group_id)
    return bool(db.session.scalar(query.where(whose, or_(Order.state.not_in(_ENDED_ORDERS), claimed))))


def close_due(*, now: datetime) -> int:
    """Close every account whose time has come and that nothing holds; answers how many. Opens its own transactions."""
    closed = 0
    for number in due_closures(now=now):
        try:
            with transaction():
                closed += close_account(number, now=now)
        except Exception:
            # One that cannot be closed must not keep the others open.
            _log.exception("the closing %s is left for the next time", number)
    return closed


def close_account(closure_id: int, *, now: datetime) -> bool:
    """Close the account of a closure in one act; False when it was done or taken back meanwhile, or something holds it."""
    closure = lock_rows(AccountClosure, [closure_id])[closure_id]
    account = lock_rows(Account, [closure.account_id])[closure.account_id]
    if closure.done_at is not None or closure.taken_back_at is not None or obstacles(account):
        return False
    producer, public_id = producer_of(account.id), account.public_id
    done = {"event": delete_history(account, now=now), "mandate": _end_mandates(account, producer, now)}
    if producer is not None:
        done["listing"] = _end_selling(producer, now)
    names = {
        "account": account.id,
        "public_id": public_id,
        "login": account.login,
        "producer": producer.public_id if producer else "",
        "ledger_code": producer_account(producer.public_id) if producer else "",
        "now": now,
    }
    for table, statement in _STEPS:
        wanted = {name: value for name, value in names.items() if f":{name}" in statement}
        found = db.session.execute(unbounded(text(statement), "what the person themselves began"), wanted)
        done[table] = done.get(table, 0) + found.rowcount  # type: ignore[attr-defined]
    db.session.expire(account, ["roles"])
    account.login, account.display_name = f"closed-{public_id}", "–"
    account.password_hash = account.locale = account.second_factor_since = None
    account.active = False
    account.session_epoch += 1
    closure.done_at, closure.proof = now, {"account": 1, **{table: number for table, number in done.items() if number}}
    db.session.flush()
    audit.record("account.closed", "account", public_id, actor="closing", at=now, closure=closure.public_id, rows=closure.proof)
    return True


def _end_mandates(account: Account, producer: Producer | None, now: datetime) -> int:
    """End what the person may do for others, and others for them."""
    whose = [Mandate.holder_id == account.id]
    if producer is not None:
        whose.append(Mandate.principal_id == producer.public_id)
    query = select(Mandate).where(or_(*whose), Mandate.state.in_((MandateState.PROPOSED, MandateState.IN_FORCE)))
    found = db.session.scalars(query.order_by(Mandate.id).with_for_update(of=Mandate)).all()
    for mandate in found:
        action = MandateAction.REVOKE if mandate.state == MandateState.IN_FORCE else MandateAction.DENY
        end_mandate(mandate, action, Answered.SIGNED_IN, actor=account.public_id, now=now)
    return len(found)


def _end_selling(producer: Producer, now: datetime) -> int:
    """Take the seller's goods off the market, and the account off the seller."""
    refuse_badge(producer.id, actor="closing", now=now)
    listings = db.session.scalars(
        select(Listing).where(Listing.producer_id == producer.id, Listing.state != ListingState.WITHDRAWN).with_for_update()
    ).all()
    for listing in listings:
        withdraw(listing, actor="closing", now=now)
    producer.account_id = None
    db.session.flush()
    return len(listings)
