"""Whether a household's word stands in the way of putting goods on sale; and the denials there are."""

from collections.abc import Sequence

from sqlalchemy import exists, func, select
from sqlalchemy.orm import joinedload

from marketplace.catalogue.models import Listing, ListingDenial
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, NotFound


def check_not_denied(listing: Listing, actor: str) -> None:
    """Raise ``Conflict`` when the listing's household has denied such goods to this actor and not agreed since."""
    denied = exists().where(
        ListingDenial.producer_id == listing.producer_id,
        ListingDenial.product_id == listing.product_id,
        ListingDenial.holder == actor,
        ListingDenial.agreed_at.is_(None),
    )
    if db.session.scalar(select(denied)):
        raise Conflict(
            "listing_denied",
            N_("The household has said that it does not want this sold in its name. Please ask it first. Nothing was changed."),
        )


_SHOWN = (joinedload(ListingDenial.listing), joinedload(ListingDenial.producer), joinedload(ListingDenial.product))


def get_denial(public_id: str, *, lock: bool = False) -> ListingDenial:
    """The denial, or ``NotFound``."""
    query = select(ListingDenial).where(ListingDenial.public_id == public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    denial = db.session.scalars(query).first()
    if denial is None:
        raise NotFound("denial_unknown", N_("There is no such denial."))
    return denial


def open_denial(listing_id: int) -> ListingDenial | None:
    """The denial of a listing that the household has not taken back."""
    return db.session.scalars(select(ListingDenial).filter_by(listing_id=listing_id, agreed_at=None)).first()


def denials_of(producer_ids: Sequence[int]) -> Sequence[ListingDenial]:
    """What these households have denied, newest first."""
    query = select(ListingDenial).where(ListingDenial.producer_id.in_(producer_ids)).options(*_SHOWN)
    return db.session.scalars(query.order_by(ListingDenial.id.desc()).limit(100)).all()


def denials_listed(*, settled: bool, limit: int = 100) -> Sequence[ListingDenial]:
    """Denials that the operator has, or has not, looked after; newest first."""
    ended = ListingDenial.settled_at.is_not(None) if settled else ListingDenial.settled_at.is_(None)
    query = select(ListingDenial).where(ended).options(*_SHOWN)
    return db.session.scalars(query.order_by(ListingDenial.id.desc()).limit(limit)).all()


def count_unsettled() -> int:
    """How many denials wait for the operator."""
    query = select(func.count()).select_from(ListingDenial).where(ListingDenial.settled_at.is_(None))
    return db.session.scalar(query) or 0
