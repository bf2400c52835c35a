"""Reading claims: a party's own, the operator's queue, and who may see what."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Producer
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.orders.claim_states import ENDED, WITH_OPERATOR, ClaimState, ReturnState
from marketplace.orders.models import Claim, ClaimPicture, ClaimStep, Order, OrderGroup

_WHOLE = (
    joinedload(Claim.order).options(joinedload(Order.group), joinedload(Order.producer), selectinload(Order.lines)),
    joinedload(Claim.line),
    joinedload(Claim.goods_return),
    selectinload(Claim.pictures),
    selectinload(Claim.steps).joinedload(ClaimStep.account),
)
_FOR_LIST = (joinedload(Claim.order).joinedload(Order.group), joinedload(Claim.line), joinedload(Claim.goods_return))


def open_claim(order: Order) -> bool:
    """Whether something about an order is still being claimed; it is not accepted by the passing of time then."""
    query = select(Claim.id).where(Claim.order_id == order.id, Claim.state.not_in(ENDED)).limit(1)
    return db.session.scalar(query) is not None


def only_of(query: Select[Any], public_id: str, buyer_id: int | None, producer_id: int | None) -> Select[Any]:
    """A query of claims narrowed to one, and to this buyer's or this producer's goods; order and purchase are joined to it."""
    query = query.join(Order, Order.id == Claim.order_id).join(OrderGroup, OrderGroup.id == Order.group_id)
    query = query.where(Claim.public_id == public_id)
    if buyer_id is not None:
        query = query.where(OrderGroup.account_id == buyer_id)
    if producer_id is not None:
        query = query.where(Order.producer_id == producer_id)
    return query


def get_claim(public_id: str, *, buyer_id: int | None = None, producer_id: int | None = None) -> Claim:
    """A claim with all that its page shows: this buyer's, on this producer's goods, or any; otherwise ``NotFound``."""
    query = only_of(select(Claim), public_id, buyer_id, producer_id)
    claim = db.session.scalars(query.options(*_WHOLE)).first()
    if claim is None:
        raise NotFound("claim_unknown", N_("There is no such claim."))
    return claim


def get_picture(
    claim_public_id: str, picture_public_id: str, account_id: int, *, farms: Collection[int] = (), is_operator: bool
) -> ClaimPicture:
    """A picture of a claim, for its buyer, its seller, who answers for one of these ``farms``, and the operator.

    To everybody else there is none.
    """
    query = (
        select(ClaimPicture)
        .join(Claim, Claim.id == ClaimPicture.claim_id)
        .join(Order, Order.id == Claim.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(Producer, Producer.id == Order.producer_id)
        .where(Claim.public_id == claim_public_id, ClaimPicture.public_id == picture_public_id)
    )
    if not is_operator:
        query = query.where(or_(OrderGroup.account_id == account_id, Producer.account_id == account_id, Producer.id.in_(farms)))
    picture = db.session.scalars(query).first()
    if picture is None:
        raise NotFound("picture_unknown", N_("There is no such picture."))
    return picture


def claims_of_orders(order_ids: Iterable[int]) -> dict[int, list[Claim]]:
    """The claims on orders, by the order's id, newest first, in one statement."""
    found: dict[int, list[Claim]] = {order_id: [] for order_id in order_ids}
    query = select(Claim).where(Claim.order_id.in_(found)).order_by(Claim.id.desc()).options(joinedload(Claim.goods_return))
    for claim in db.session.scalars(query):
        found[claim.order_id].append(claim)
    return found


def claims_of_buyer(account_id: int, *, limit: int = 100) -> Sequence[Claim]:
    """A buyer's claims, newest first."""
    query = (
        select(Claim)
        .join(Order, Order.id == Claim.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(OrderGroup.account_id == account_id)
    )
    return db.session.scalars(query.options(*_FOR_LIST).order_by(Claim.id.desc()).limit(limit)).all()


def claims_of_producer(producer_id: int, *, limit: int = 100) -> Sequence[Claim]:
    """The claims on a producer's goods: those that wait for an answer first, by their clock, then the newest."""
    ended = Claim.ended_at.is_not(None)
    query = select(Claim).join(Order, Order.id == Claim.order_id).where(Order.producer_id == producer_id)
    order = (ended, Claim.answer_by, Claim.id.desc())
    return db.session.scalars(query.options(*_FOR_LIST).order_by(*order).limit(limit)).all()


def waits_for_seller(claim: Claim) -> bool:
    """Whether the seller has the next word."""
    goods = claim.goods_return
    under_way = goods is not None and goods.state in (ReturnState.SENT, ReturnState.ARRIVED)
    return claim.state == ClaimState.FILED or (claim.state == ClaimState.RETURNING and under_way)


def queue(*, limit: int = 100) -> Sequence[Claim]:
    """What waits for the operator, the clock that ends first at the top."""
    query = select(Claim).where(Claim.state.in_(WITH_OPERATOR)).order_by(Claim.answer_by, Claim.id).limit(limit)
    return db.session.scalars(query.options(*_FOR_LIST, joinedload(Claim.order).joinedload(Order.producer))).all()


def others(*, limit: int = 50) -> Sequence[Claim]:
    """Claims that are with their parties or have ended, the newest first."""
    query = select(Claim).where(Claim.state.not_in(WITH_OPERATOR)).order_by(Claim.id.desc()).limit(limit)
    return db.session.scalars(query.options(*_FOR_LIST, joinedload(Claim.order).joinedload(Order.producer))).all()


def is_overdue(claim: Claim, now: datetime) -> bool:
    """Whether whoever has the next word has taken longer than they may."""
    return claim.answer_by is not None and claim.answer_by < now
