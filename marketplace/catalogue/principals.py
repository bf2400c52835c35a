"""Sellers as mandates know them: a producer is a principal, with its area and the account that sells for it itself."""

from collections.abc import Iterable, Sequence

from sqlalchemy import case, or_, select
from sqlalchemy.orm import joinedload

from marketplace.catalogue.models import Listing, ListingState, Producer, ProducerKind
from marketplace.identity.mandates import OPEN, Principal
from marketplace.identity.models import Account, Mandate, MandateState
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.queries import within, within_any

KIND = "producer"


def principal_of(producer: Producer, *, lock: bool = False) -> Principal:
    """The producer as a principal; ``lock`` keeps its area and account as they are until the transaction ends."""
    query = (
        select(Producer.public_id, Producer.area_code, Account.public_id)
        .outerjoin(Account, Account.id == Producer.account_id)
        .where(Producer.id == producer.id)
    )
    if lock:
        query = query.with_for_update(of=Producer, read=True)
    public_id, area_code, owner = db.session.execute(query).one()
    return Principal(KIND, public_id, area_code, owner)


def principals(public_ids: Iterable[str]) -> dict[str, tuple[Producer, Principal]]:
    """Producers and how mandates know them, by public id; an unknown one is absent."""
    rows = db.session.execute(
        select(Producer, Account.public_id)
        .outerjoin(Account, Account.id == Producer.account_id)
        .where(Producer.public_id.in_(set(public_ids)))
        .order_by(Producer.id)
    )
    return {
        producer.public_id: (producer, Principal(KIND, producer.public_id, producer.area_code, owner))
        for producer, owner in rows
    }


def get_producer(public_id: str) -> Producer:
    """The producer with this public id, or ``NotFound``."""
    producer = db.session.scalars(select(Producer).filter_by(public_id=public_id)).first()
    if producer is None:
        raise NotFound("producer_unknown", N_("There is no such farm."))
    return producer


def producers_within(areas: Sequence[str], words: str = "", *, limit: int = 30) -> Sequence[Producer]:
    """Households that sell, in any of these areas, whose public name or area code has these words; by name."""
    query = select(Producer).where(within_any(Producer.area_code, areas), Producer.kind == ProducerKind.HOUSEHOLD)
    if words:
        named = [column.icontains(words, autoescape=True) for column in (Producer.name_zh, Producer.name_en)]
        query = query.where(or_(*named, Producer.area_code.startswith(words, autoescape=True)))
    return db.session.scalars(query.order_by(Producer.area_code, Producer.id).limit(limit)).all()


def cooperatives_near(area_code: str, *, limit: int = 50) -> Sequence[tuple[Producer, Account]]:
    """The cooperatives of a county that somebody signs in for, with that account."""
    rows = db.session.execute(
        select(Producer, Account)
        .join(Account, Account.id == Producer.account_id)
        .where(Producer.kind == ProducerKind.COOPERATIVE, within(Producer.area_code, area_code[:6]), Account.active)
        .order_by(Producer.id)
        .limit(limit)
    ).all()
    return [(producer, account) for producer, account in rows]


def mandates_within(areas: Sequence[str], *, limit: int = 200) -> Sequence[tuple[Mandate, Producer]]:
    """The mandates over sellers in any of these areas, with the seller; those that wait or are in force first, newest first."""
    waiting = case((Mandate.state.in_(OPEN), 0), else_=1)
    rows = db.session.execute(
        select(Mandate, Producer)
        .join(Producer, Producer.public_id == Mandate.principal_id)
        .where(Mandate.principal_kind == KIND, within_any(Producer.area_code, areas))
        .options(joinedload(Mandate.holder), joinedload(Mandate.recorded_by))
        .order_by(waiting, Mandate.id.desc())
        .limit(limit)
    ).all()
    return [(mandate, producer) for mandate, producer in rows]


def mandates_denied(*, limit: int = 50) -> Sequence[tuple[Mandate, Producer]]:
    """The mandates that households say they never gave, newest first."""
    rows = db.session.execute(
        select(Mandate, Producer)
        .join(Producer, Producer.public_id == Mandate.principal_id)
        .where(Mandate.principal_kind == KIND, Mandate.state == MandateState.DENIED)
        .options(joinedload(Mandate.holder), joinedload(Mandate.recorded_by))
        .order_by(Mandate.ended_at.desc())
        .limit(limit)
    ).all()
    return [(mandate, producer) for mandate, producer in rows]


def listed_in_name(producer: Producer) -> Sequence[Listing]:
    """What is on sale of a seller, newest first."""
    query = select(Listing).where(Listing.producer_id == producer.id, Listing.state == ListingState.ON_SALE)
    return db.session.scalars(query.order_by(Listing.id.desc()).limit(100)).all()
