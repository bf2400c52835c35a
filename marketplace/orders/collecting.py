"""Where the shop speaks with the payment provider: opening a page, asking how it stands, closing it, refunds, messages.

Each of these is called outside any transaction and owns the short ones around its call: write and commit, ask the provider
with an idempotency key, write the answer and commit. Whoever comes next (the browser's return, a message, the sweeper) can take
up the work at any of the places named by ``step``; what was done is found, and not done again.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from marketplace.catalogue.holds import clear_dead_holds
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.steps import step
from marketplace.orders.refunds import note_refund
from marketplace.orders.service import cancel_unpaid, note_decline, note_page
from marketplace.payments.gateway import (
    KEYS_HOLD,
    PageRequest,
    PageState,
    PayPage,
    ProviderNews,
    ProviderRefused,
    ProviderUnavailable,
    RefundAnswer,
    RefundRequest,
    RefundState,
    find_provider,
    get_provider,
)
from marketplace.payments.models import Payment, PaymentAttempt
from marketplace.payments.queries import (
    get_payment,
    live_attempt,
    lock_attempt,
    lock_refund,
    open_events,
    overdue_payments,
    payments_with_live_attempts,
    refunds_to_send,
    refunds_under_way,
)
from marketplace.payments.service import begin_attempt, give_up_attempt, keep_event, lock_event
from marketplace.payments.states import UNPAID, PaymentAction

Item = TypeVar("Item")

_log = logging.getLogger("marketplace.payments")

# The provider closes a page by itself no sooner than this; we close it when the payment's own time is over.
PAGE_LIVES = timedelta(minutes=32)
# A browser that has not come back after this long is asked about, and a message that was not acted on is read again.
PATIENCE = timedelta(minutes=2)
# A message on which every try fails has something wrong that no further try mends; a person has to look at it.
EVENT_TRIED = timedelta(days=3)
# A refund on its way is asked about when its message has not come for this long; a wallet's may take days.
REFUND_PATIENCE = timedelta(hours=1)


def pay_page(payment_id: str, return_url: str, back_url: str, *, now: datetime) -> str | None:
    """Where to pay: the address of the payment's open page, which is opened if there is none.

    Parameters
    ----------
    payment_id : str
        The public id of a committed online payment.
    return_url, back_url : str
        Where the provider sends the browser after paying, and after turning back.

    Returns
    -------
    str or None
        None when asking has shown that the money has come or is on its way.

    Raises
    ------
    Conflict
        ``nothing_to_pay`` when the payment is made, given up or out of time; a provider's failure.
    """
    refused: ProviderRefused | None = None
    # The page of an earlier try may turn out to be over; then there is a second, new one, and no third.
    for _ in range(2):
        with transaction():
            attempt = begin_attempt(get_payment(payment_id, lock=True), return_url, back_url, now=now)
            asked = _Asked(attempt)
            step("payment.attempt_written")
        step("payment.attempt_committed")
        try:
            page = asked.page()
        except ProviderRefused as error:
            refused = error
            _give_up(asked, now)
            continue
        step("payment.page_opened")
        _take_in(asked, page, now)
        if page.state is PageState.OPEN:
            return page.url
        if page.state in (PageState.PAID, PageState.PROCESSING):
            return None
    raise refused or ProviderUnavailable("no page stays open")


class _Asked:
    """An attempt outside the transaction that read it: enough to ask the provider about it."""

    def __init__(self, attempt: PaymentAttempt) -> None:
        payment = attempt.payment
        self.attempt, self.payment, self.provider_id = attempt.public_id, payment.public_id, attempt.provider_id
        self._request = PageRequest(
            attempt=attempt.public_id,
            payment=payment.public_id,
            title=f"农桥 Nongqiao {payment.reference}",
            amount_fen=payment.amount_fen,
            expires_at=attempt.created_at + PAGE_LIVES,
            return_url=attempt.return_url,
            back_url=attempt.back_url,
        )

    def page(self) -> PayPage:
        """How the page stands. If no answer has told us its name, asking to open it again answers the same page."""
        if self.provider_id is None:
            return get_provider().open_page(self._request)
        return get_provider().find_page(self.provider_id)


def _take_in(asked: _Asked, page: PayPage, now: datetime) -> bool:
    """Note how a page stands, and send back at once what came with it and pays for nothing; whether a purchase was booked."""
    with transaction():
        attempt = lock_attempt(asked.attempt)
        booked = attempt is not None and note_page(attempt, page, now=now)
        step("payment.page_written")
    step("payment.page_committed")
    send_refunds(asked.payment, now=now)
    return booked


def _give_up(asked: _Asked, now: datetime) -> None:
    """The provider refused to open the page or does not know it, so there is none that anybody could pay on."""
    with transaction():
        attempt = lock_attempt(asked.attempt)
        if attempt is not None:
            give_up_attempt(attempt, closed=attempt.created_at < now - PAGE_LIVES, now=now)


def look_up(payment_id: str, *, now: datetime) -> bool:
    """Ask the provider how a payment stands and take it in; whether it was booked by that.

    Called by the browser's return and by the sweeper, before or after the provider's own message.
    """
    with transaction():
        attempt = live_attempt(get_payment(payment_id))
        asked = _Asked(attempt) if attempt is not None else None
    if asked is None:
        return False
    try:
        page = asked.page()
    except ProviderRefused:
        _give_up(asked, now)
        return False
    step("payment.outcome_read")
    return _take_in(asked, page, now)


def give_up_payment(payment_id: str, action: PaymentAction, *, actor: str, now: datetime) -> bool:
    """Give up an unpaid purchase: close its page first, so that nobody can pay for goods that are back on sale.

    Returns
    -------
    bool
        False when the money has come or is on its way after all, or when it was given up before.
    """
    close_page(payment_id, now=now)
    with transaction():
        payment = get_payment(payment_id, lock=True)
        # Meanwhile somebody may have paid, or opened a new page.
        given_up = payment.state in UNPAID and live_attempt(payment) is None
        given_up = given_up and cancel_unpaid(payment, actor=actor, now=now, action=action)
        step("expiry.goods_returned")
    step("expiry.committed")
    return given_up


def close_page(payment_id: str, *, now: datetime) -> None:
    """Close the page on which a payment could be made, if one is open; what was paid on it meanwhile is taken in."""
    with transaction():
        attempt = live_attempt(get_payment(payment_id))
        asked = _Asked(attempt) if attempt is not None else None
    if asked is None:
        return
    try:
        page = asked.page()
    except ProviderRefused:
        _give_up(asked, now)
        return
    if page.state is PageState.OPEN:
        page = get_provider().close_page(page.provider_id)
        step("expiry.page_closed")
    _take_in(asked, page, now)


def send_refunds(payment_id: str | None = None, *, now: datetime) -> None:
    """Have the refunds sent that the provider has not been told of, of one payment or of all.

    A provider that does not answer is asked again by the sweeper; one that refuses leaves the refund to people.
    """
    with transaction():
        waiting = refunds_to_send(payment_id)
    _each(waiting, lambda public_id: _send_refund(public_id, now))


def _send_refund(public_id: str, now: datetime) -> None:
    with transaction():
        refund = lock_refund(public_id)
        if refund is None or refund.state != RefundState.CREATED or refund.attempt is None or refund.attempt.charge_id is None:
            return
        request = RefundRequest(public_id, refund.attempt.charge_id, refund.amount_fen)
        key_holds = refund.created_at > now - KEYS_HOLD
    step("refund.committed")
    provider = get_provider()
    try:
        made = None if key_holds else provider.adopt_refund(request)
        answer = made or provider.refund(request)
    except ProviderRefused as error:
        _log.error("refund %s was refused: %s", public_id, error.reason)
        answer = RefundAnswer("", RefundState.FAILED)
    step("refund.sent")
    _take_in_refund(public_id, answer, now)


def _take_in_refund(public_id: str, answer: RefundAnswer, now: datetime) -> None:
    with transaction():
        refund = lock_refund(public_id)
        if refund is not None:
            note_refund(refund, answer, now=now)
        step("refund.result_written")
    step("refund.result_committed")


def look_up_refund(public_id: str, *, now: datetime) -> None:
    """Ask the provider how far a refund is that it has taken on, and take that in."""
    with transaction():
        refund = lock_refund(public_id)
        under_way = refund is not None and refund.state == RefundState.PENDING
        provider_id = refund.provider_id if refund is not None and under_way else None
    if provider_id:
        _take_in_refund(public_id, get_provider().find_refund(provider_id), now)


def receive_event(body: bytes, signature: str, *, now: datetime) -> bool:
    """Keep a provider's message and act on it; whether a purchase was booked by that.

    It is kept before it is acted on, so that a failure of ours does not lose it.

    Raises
    ------
    EventNotGenuine
        When the signature over exactly these bytes is not the provider's; nothing is written then.
    """
    provider = get_provider()
    provider.verify_event(body, signature)
    news = provider.read_event(body)
    with transaction():
        row_id = keep_event(provider.name, news.event_id, news.kind, body, now=now)
        step("event.kept")
    step("event.kept_committed")
    return act_on_event(row_id, now=now)


def act_on_event(row_id: int, *, now: datetime) -> bool:
    """Act on a kept message, once; whether a purchase was booked by it."""
    with transaction():
        event = lock_event(row_id)
        if event.outcome is not None:
            return False
        payment, booked = _act(get_provider().read_event(event.body), now)
        event.outcome, event.acted_at = ("acted" if payment is not None else "ignored"), now
        payment_id = payment.public_id if payment is not None else None
        step("event.acted")
    step("event.acted_committed")
    if payment_id is not None:
        send_refunds(payment_id, now=now)
    return booked


def _act_again(row_id: int, now: datetime) -> None:
    """Act on a message that was left; one that has failed for days is given up, and stands so on the operator's page."""
    try:
        act_on_event(row_id, now=now)
    except Exception:
        with transaction():
            event = lock_event(row_id)
            if event.received_at < now - EVENT_TRIED:
                event.outcome, event.acted_at = "given_up", now
        raise


def _act(news: ProviderNews, now: datetime) -> tuple[Payment | None, bool]:
    """The payment that a message was about, if it is one of ours, and whether it was booked."""
    if news.attempt is not None and (attempt := lock_attempt(news.attempt)) is not None:
        if news.declined:
            note_decline(attempt, now=now)
        booked = news.page is not None and note_page(attempt, news.page, now=now)
        return attempt.payment, booked
    if news.refund is not None and (refund := lock_refund(news.refund)) is not None and news.refund_answer is not None:
        note_refund(refund, news.refund_answer, now=now)
        return refund.payment, False
    return None, False


def sweep(*, now: datetime) -> None:
    """Finish or take back what a crash, a closed browser or a silent provider has left, oldest first.

    Where nobody collects (any more), purchases on which no money can come are still given up: their goods are wanted.
    """
    with transaction():
        clear_dead_holds(now=now)
        step("hold.cleared")
    collecting = find_provider() is not None
    if collecting:
        with transaction():
            events = open_events(now - PATIENCE)
            unfinished = payments_with_live_attempts(now - PATIENCE)
        _each(events, lambda row_id: _act_again(row_id, now))
        _each(unfinished, lambda payment_id: look_up(payment_id, now=now))
    with transaction():
        overdue = overdue_payments(now, with_attempts=collecting)
    _each(overdue, lambda payment_id: give_up_payment(payment_id, PaymentAction.EXPIRE, actor="sweeper", now=now))
    if collecting:
        send_refunds(now=now)
        with transaction():
            under_way = refunds_under_way(now - REFUND_PATIENCE)
        _each(under_way, lambda public_id: look_up_refund(public_id, now=now))


def _each(items: Iterable[Item], act: Callable[[Item], object]) -> None:
    """Act on each; one that cannot be finished now, for whatever reason, does not keep the others waiting."""
    for item in items:
        try:
            act(item)
        except DomainError as error:
            _log.warning("%s is left for the next time: %s", item, getattr(error, "reason", error))
        except Exception:
            # Nobody has foreseen this one; its own transaction has been rolled back, and somebody has to look at it.
            db.session.rollback()
            _log.exception("%s is left for the next time", item)
