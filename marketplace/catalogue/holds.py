"""Keeping goods for those who are about to buy them.

What somebody may have of a listing is what it has available (on hand less what was allocated) less the live holds of others.
A hold lives for ten minutes from the last activity, an hour in all at the most; a dead one counts for nothing from that very
moment, because every query asks for live ones, and a job deletes it some time. A hold is written and given back, and goods are
taken, under the same lock, the listing's row, in the order of ids. Holds keep promises to people; that nothing is sold twice
rests on stock alone, with holds or without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, false, func, not_, or_, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import Listing, ListingState, StockHold
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict
from marketplace.kernel.steps import step

LIVES = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
# After the longest hold the goods are anybody's for as long as a hold lives.
REST = LIVES
# A hold that was moved on so lately need not be moved on again.
SOON = timedelta(minutes=1)

_SPAN = (StockHold.listing_id, StockHold.quantity, StockHold.held_from, StockHold.expires_at)


@dataclass(frozen=True)
class Holder:
    """For whose sake goods are kept: the kind of thing and its name, of which the catalogue knows no more."""

    kind: str
    id: str


class _Switch:
    """Whether this installation keeps goods at all; it does until told otherwise."""

    on = True


def use_holds(on: bool) -> None:
    """Switch holds on or off. Off, holds that were written before count for nothing."""
    _Switch.on = on


def next_span(now: datetime, before: tuple[datetime, datetime] | None) -> tuple[datetime, datetime] | None:
    """From when and until when goods are kept for somebody who is active now.

    Parameters
    ----------
    before : (datetime, datetime), optional
        The same of the last hold.

    Returns
    -------
    (datetime, datetime) or None
        None while somebody who has had the longest hold is at rest.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> [moment.strftime("%H:%M") for moment in next_span(noon + timedelta(minutes=55), (noon, noon + timedelta(minutes=58)))]
    ['12:00', '13:00']
    >>> next_span(noon + timedelta(minutes=69), (noon, noon + timedelta(minutes=60))) is None
    True
    """
    if before is None:
        return now, now + LIVES
    held_from, expires_at = before
    if expires_at > now:
        return held_from, min(now + LIVES, held_from + LONGEST)
    used_up = expires_at - held_from >= LONGEST
    return None if used_up and now < expires_at + REST else (now, now + LIVES)


def _own(holder: Holder) -> ColumnElement[bool]:
    return and_(StockHold.purpose_kind == holder.kind, StockHold.purpose_id == holder.id)


def _live(now: datetime) -> ColumnElement[bool]:
    return StockHold.expires_at > now if _Switch.on else false()


def held_by_others(kind: str, holder_id: ColumnElement[str], now: datetime) -> ColumnElement[Decimal]:
    """A column beside ``Listing``: what others than the row's holder have on hold of it."""
    own = and_(StockHold.purpose_kind == kind, StockHold.purpose_id == holder_id)
    held = select(func.coalesce(func.sum(StockHold.quantity), 0))
    held = held.where(StockHold.listing_id == Listing.id, _live(now), not_(own))
    return held.correlate_except(StockHold).scalar_subquery()


def held_until(kind: str, holder_id: ColumnElement[str], now: datetime) -> ColumnElement[datetime | None]:
    """A column: the moment until which the row's holder has goods on hold, null when it has none."""
    own = (StockHold.purpose_kind == kind, StockHold.purpose_id == holder_id)
    return select(func.min(StockHold.expires_at)).where(_live(now), *own).correlate_except(StockHold).scalar_subquery()


@dataclass(frozen=True)
class Holds:
    """The live holds of others on some listings, and whether the asking holder has any holds, dead ones too, on whatever."""

    of_others: Mapping[int, Decimal]
    has_own: bool

    def left(self, listing_id: int, available: Decimal) -> Decimal:
        """What the asking holder may have; a hold on goods that are gone takes nothing from anybody."""
        return max(available - self.of_others.get(listing_id, Decimal(0)), Decimal(0))


def holds_on(listing_ids: list[int], holder: Holder | None, *, now: datetime) -> Holds:
    """Read the holds on listings, in one statement; whoever goes on to take goods has locked these listings before."""
    if not _Switch.on:
        return Holds({}, False)
    own = _own(holder) if holder is not None else false()
    others = func.sum(StockHold.quantity).filter(not_(own), StockHold.expires_at > now)
    rows = db.session.execute(
        select(StockHold.listing_id, others, func.bool_or(own))
        .where(or_(StockHold.listing_id.in_(listing_ids), own))
        .group_by(StockHold.listing_id)
    ).all()
    return Holds({row[0]: row[1] for row in rows if row[1]}, any(row[2] for row in rows))


def not_enough(listing: Listing | None, wanted: Decimal, left: Decimal) -> Conflict:
    """The refusal of a quantity: ``held`` where others are just buying what is there, ``sold_out`` otherwise."""
    if listing is None or listing.state != ListingState.ON_SALE:
        left = Decimal(0)
    named = {
        "title": listing.title_zh if listing is not None else "",
        "title_zh": listing.title_zh if listing is not None else "",
        "title_en": listing.title_en if listing is not None else "",
        "left": f"{left.normalize():f}",
        "listing": listing.public_id if listing is not None else None,
    }
    if listing is not None and listing.state == ListingState.ON_SALE and listing.available >= wanted:
        text = N_("Others are buying the last of this: %(title)s (%(left)s left for you). Please try again in ten minutes.")
        return Conflict("held", text, **named)
    return Conflict("sold_out", N_("Not enough left: %(title)s (%(left)s available)."), **named)


def hold_stock(wanted: Mapping[int, Decimal], holder: Holder, *, now: datetime) -> datetime | None:
    """Keep quantities of listings for a holder, in place of what was kept for it before.

    Of a listing of which there is less, what there is is kept. The caller lets nobody else act for the same holder meanwhile.

    Returns
    -------
    datetime or None
        Until when; None when nothing is kept.
    """
    if not _Switch.on:
        return None
    own = {row.listing_id: row for row in db.session.execute(select(*_SPAN).where(_own(holder)))}
    if own and {listing_id: row.quantity for listing_id, row in own.items()} == dict(wanted):
        until = min(row.expires_at for row in own.values())
        if until > now + LIVES - SOON:
            # A page that is loaded twice need not take locks twice.
            return until
    last = max(own.values(), key=lambda row: row.expires_at, default=None)
    span = next_span(now, (last.held_from, last.expires_at) if last is not None else None)
    if span is None:
        return None
    listings = [row for row in _lock_listings({*wanted, *own}) if row.id in wanted and row.state == ListingState.ON_SALE]
    others = holds_on([row.id for row in listings], holder, now=now)
    kept = {row.id: min(wanted[row.id], others.left(row.id, row.available)) for row in listings}
    kept = {listing_id: quantity for listing_id, quantity in kept.items() if quantity > 0}
    if own.keys() - kept.keys():
        db.session.execute(delete(StockHold).where(_own(holder), StockHold.listing_id.not_in(kept)))
    if not kept:
        return None
    statement = insert(StockHold).values(
        [
            {
                "listing_id": listing_id,
                "purpose_kind": holder.kind,
                "purpose_id": holder.id,
                "quantity": quantity,
                "held_from": span[0],
                "expires_at": span[1],
            }
            for listing_id, quantity in sorted(kept.items())
        ]
    )
    new = {name: statement.excluded[name] for name in ("quantity", "held_from", "expires_at")}
    key = ["purpose_kind", "purpose_id", "listing_id"]
    db.session.execute(statement.on_conflict_do_update(index_elements=key, set_=new))
    step("hold.taken")
    return span[1]


def _lock_listings(listing_ids: set[int]) -> Sequence[Any]:
    """Lock listings in the order of their ids; only what holds need is read."""
    return db.session.execute(
        select(Listing.id, Listing.available, Listing.state)
        .where(Listing.id.in_(listing_ids))
        .order_by(Listing.id)
        .with_for_update(key_share=True)
    ).all()


def holds_anything(holder: Holder, *, now: datetime) -> bool:
    """Whether goods are on hold for somebody."""
    alive = select(StockHold.id).where(_own(holder), StockHold.expires_at > now)
    return _Switch.on and bool(db.session.scalar(select(alive.exists())))


def release_holds(holder: Holder) -> None:
    """Give back everything that was kept for somebody.

    Under the listings' locks, so that whoever holds one of those and reads what others leave reads the same twice.
    """
    own = set(db.session.scalars(select(StockHold.listing_id).where(_own(holder))))
    if not own:
        return
    _lock_listings(own)
    give_back(holder)


def give_back(holder: Holder) -> None:
    """As ``release_holds``, for those who have locked the listings."""
    db.session.execute(delete(StockHold).where(_own(holder)))
    step("hold.released")


def clear_dead_holds(*, now: datetime) -> int:
    """Delete holds that count no more and are not remembered for the rest that follows the longest; answers how many.

    Rows that somebody is just moving on are left to them, so this waits for nobody.
    """
    used_up = StockHold.expires_at - StockHold.held_from >= LONGEST
    dead = or_(and_(StockHold.expires_at <= now, not_(used_up)), StockHold.expires_at <= now - REST)
    rows = select(StockHold.id).where(dead).with_for_update(skip_locked=True)
    gone = db.session.execute(delete(StockHold).where(StockHold.id.in_(rows.scalar_subquery())))
    return int(gone.rowcount)  # type: ignore[attr-defined]
