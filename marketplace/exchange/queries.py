"""Reading partners, messages, calls and streams; and who we are to others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from marketplace.exchange.models import (
    DeliveryReceipt,
    DownwardEvent,
    EventStream,
    ExchangeCall,
    ExchangeMessage,
    ExchangePartner,
    ExchangeSubscription,
    PartnerKind,
    UpwardEvent,
)
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.db import db
from marketplace.regions.codes import contains
from marketplace.registry.reading import Reach


class _Own:
    """The id by which others know this installation."""

    sender_id = "nongqiao.localhost"


def use_own_id(sender_id: str) -> None:
    """Say by which id others know this installation."""
    _Own.sender_id = sender_id


def own_id() -> str:
    """The id by which others know this installation."""
    return _Own.sender_id


def find_partner(sender_id: str, kind: PartnerKind) -> ExchangePartner | None:
    """A partner in force by the id that it sends with; one that is suspended is not."""
    query = select(ExchangePartner).filter_by(sender_id=sender_id, kind=kind, ended_at=None, suspended_at=None)
    return db.session.scalars(query).first()


def find_above() -> ExchangePartner | None:
    """The level above, where there is one."""
    query = select(ExchangePartner).filter_by(kind=PartnerKind.ABOVE, ended_at=None, suspended_at=None)
    return db.session.scalars(query).first()


def partners() -> Sequence[ExchangePartner]:
    """Every partner that has not been ended, by name, suspended ones among them."""
    return db.session.scalars(select(ExchangePartner).filter_by(ended_at=None).order_by(ExchangePartner.name)).all()


def reach_of(partner: ExchangePartner, by: Account) -> Reach:
    """How far a department sees: as far as the officer through whom it asks, and no further than its own area."""
    areas: Sequence[str] = scopes(by, RoleKind.OFFICER)
    if partner.area_code is not None:
        areas = [partner.area_code] if any(contains(code, partner.area_code) for code in areas) else []
    return Reach.of(areas, f"department {partner.sender_id}")


@dataclass(frozen=True)
class PartnerFigures:
    """What went between a partner and us: messages taken in, subscriptions, calls that wait, arrived or were given up."""

    partner: ExchangePartner
    messages: int
    subscriptions: int
    waiting: int
    given_up: int
    last_at: datetime | None


def partner_figures() -> list[PartnerFigures]:
    """The departments and what went between them and us."""
    found = []
    for partner in partners():
        if partner.kind != PartnerKind.DEPARTMENT:
            continue
        messages, last_at = db.session.execute(
            select(func.count(), func.max(ExchangeMessage.received_at)).where(ExchangeMessage.partner_id == partner.id)
        ).one()
        waiting, given_up = db.session.execute(
            select(
                func.count().filter(ExchangeCall.body.is_not(None)), func.count().filter(ExchangeCall.given_up_at.is_not(None))
            ).where(ExchangeCall.partner_id == partner.id)
        ).one()
        subscribed = db.session.scalar(
            select(func.count()).select_from(ExchangeSubscription).filter_by(partner_id=partner.id, ended_at=None)
        )
        found.append(PartnerFigures(partner, messages, subscribed or 0, waiting, given_up, last_at))
    return found


@dataclass(frozen=True)
class StreamFigures:
    """How a stream stands: how many events there are, how many the other side has, and the last receipt."""

    partner: ExchangePartner
    upwards: bool
    queued: int
    arrived: int
    stream: EventStream | None
    receipt: DeliveryReceipt | None

    @property
    def waiting(self) -> int:
        """How many are still to be taken out."""
        return self.queued - self.arrived


def stream_figures() -> list[StreamFigures]:
    """Every stream, the one upwards first."""
    found = []
    for partner in partners():
        stream = db.session.get(EventStream, partner.id)
        size = stream.size if stream is not None else 0
        if partner.kind == PartnerKind.ABOVE:
            queued = db.session.scalar(select(func.coalesce(func.max(UpwardEvent.position) + 1, 0))) or 0
            found.insert(0, StreamFigures(partner, True, queued, size, stream, newest_receipt(partner)))
        elif partner.kind == PartnerKind.BELOW:
            held = db.session.scalar(select(func.count()).select_from(DownwardEvent).filter_by(partner_id=partner.id)) or 0
            found.append(StreamFigures(partner, False, held, size, stream, None))
    return found


def newest_receipt(partner: ExchangePartner) -> DeliveryReceipt | None:
    """What the level above has signed last."""
    query = select(DeliveryReceipt).filter_by(partner_id=partner.id).order_by(DeliveryReceipt.id.desc()).limit(1)
    return db.session.scalars(query).first()
