"""Alerts: a seller names a price and is told once when the market has reached it."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import and_, or_, select

from marketplace.advisory.models import Direction, PriceAlert
from marketplace.advisory.states import ALERTS, AlertAction, AlertState
from marketplace.catalogue.models import MarketPrice
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid

MOST_ALERTS = 20
HIGHEST_FEN = 10**8


def set_alert(product_id: int, direction: Direction, price_fen: int, *, by: Account, now: datetime) -> PriceAlert:
    """Wait for a price of a kind of goods; the same wish twice is one alert.

    Raises
    ------
    Invalid
        ``amount_positive``, ``amount_high``.
    Conflict
        ``alerts_many``.
    """
    if price_fen <= 0:
        raise Invalid("amount_positive", N_("An amount must be more than nothing."))
    if price_fen > HIGHEST_FEN:
        raise Invalid("amount_high", N_("No market has such a price."))
    lock_rows(Account, [by.id])
    waiting = db.session.query(PriceAlert).filter_by(account_id=by.id, state=AlertState.WAITING)
    same = waiting.filter_by(product_id=product_id, direction=direction, price_fen=price_fen).first()
    if same is not None:
        return same
    if waiting.count() >= MOST_ALERTS:
        raise Conflict("alerts_many", N_("You have %(most)s alerts already. Please remove one first."), most=MOST_ALERTS)
    alert = PriceAlert(account_id=by.id, product_id=product_id, direction=direction, price_fen=price_fen, set_at=now)
    db.session.add(alert)
    db.session.flush()
    audit.record("advisory.alert_set", "price_alert", alert.public_id, actor=by.public_id, at=now)
    return alert


def remove_alert(alert: PriceAlert, *, by: Account, now: datetime) -> bool:
    """Wait no longer, or put away what was reached; False when it was removed before."""
    alert = lock_rows(PriceAlert, [alert.id])[alert.id]
    state = ALERTS.next_state(AlertState(alert.state), AlertAction.REMOVE)
    if state is None:
        return False
    alert.state = state
    db.session.flush()
    audit.record("advisory.alert_removed", "price_alert", alert.public_id, actor=by.public_id, at=now)
    return True


def reach_alerts(*, now: datetime) -> Sequence[PriceAlert]:
    """Note which waiting alerts a market has reached since they were set; answers them, each once in its life.

    Of several days and markets that reach it the earliest day counts, and there the lowest price. Prices of days before
    the alert say nothing: whoever set it knew them.
    """
    waiting = db.session.scalars(
        select(PriceAlert).filter_by(state=AlertState.WAITING).order_by(PriceAlert.id).with_for_update()
    ).all()
    since = {alert.id: local_day(alert.set_at) for alert in waiting}
    if not waiting:
        return []
    up, down = PriceAlert.direction == Direction.UP_TO, PriceAlert.direction == Direction.DOWN_TO
    price = MarketPrice.average_fen
    reaches = or_(and_(up, price >= PriceAlert.price_fen), and_(down, price <= PriceAlert.price_fen))
    query = select(PriceAlert.id, MarketPrice.day, price).join(MarketPrice, MarketPrice.product_id == PriceAlert.product_id)
    query = query.where(PriceAlert.state == AlertState.WAITING, reaches, MarketPrice.day >= min(since.values()))
    first: dict[int, tuple[date, int]] = {}
    for id, day, fen in db.session.execute(query.order_by(PriceAlert.id, MarketPrice.day, price)):
        if id in since and day >= since[id]:
            first.setdefault(id, (day, fen))
    reached = []
    for alert in waiting:
        if alert.id in first:
            alert.state = ALERTS.next_state(AlertState(alert.state), AlertAction.REACH) or alert.state
            alert.reached_on, alert.reached_fen = first[alert.id]
            reached.append(alert)
    db.session.flush()
    return reached
