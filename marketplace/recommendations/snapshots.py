"""What a training learns from: events, listings and where consumers live, read once and kept until the training is done.

A model keeps beside its arrays the ids of the newest events it has taken in. An event's id is drawn before its transaction
ends, so a larger id can be seen earlier than a smaller one; the list of ids, and not the largest, tells what is new.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, text

from marketplace.kernel.db import db
from marketplace.kernel.files import put_in_place
from marketplace.recommendations.models import ForgottenHistory, Preference
from recommender import Interactions

KNOWN_EVENTS = "known_events.npy"
_KINDS = np.array(["view", "basket", "purchase"])
_ROWS_AT_ONCE = 100_000
# No transaction that records an event stays open for as long as this.
_LONGEST_TRANSACTION = timedelta(hours=1)
_EVENT_COLUMNS = {
    "event": np.int64,
    "account": np.int64,
    "listing": np.int64,
    "at": np.float64,
    "kind": np.int8,
    "quantity": float,
}

Column = NDArray[Any]


class NotEnoughEvents(RuntimeError):
    """There is nothing to learn from yet; lists follow the general order until there is."""


@dataclass(frozen=True)
class Snapshot:
    """All that one training reads.

    ``events`` has the columns event, account, listing, at, kind (a place in view, basket, purchase) and quantity;
    ``listings`` the columns of the recommender's ``item_features``; ``homes`` account and area; ``forgotten`` the ids of the
    deletions that had happened before the events were read.
    """

    taken_at: datetime
    events: Mapping[str, Column]
    listings: Mapping[str, Column]
    homes: Mapping[str, Column]
    forgotten: Column

    def interactions(self) -> Interactions:
        """The events in the recommender's words, without those of consumers who have withdrawn them since.

        Raises
        ------
        NotEnoughEvents
            When they are of fewer than two consumers or two listings.
        """
        events = _of_willing(self.events, self.forgotten)
        _check_enough(events)
        return _interactions(events)

    def consumer_areas(self) -> dict[int, str]:
        """The area of each consumer of whom one is known."""
        return dict(zip(self.homes["account"].tolist(), self.homes["area"].tolist(), strict=True))

    def newest_events(self) -> Column:
        """Ids of the events of the last hour, or of the newest, for the model to remember what it has taken in."""
        late = self.events["at"] >= (self.taken_at - _LONGEST_TRANSACTION).timestamp()
        ids = self.events["event"]
        # One more as a mark: everything below it was taken in, everything above is in the list or new.
        floor = ids[~late].max(initial=0)
        return np.sort(np.append(ids[ids > floor], floor))

    def save(self, path: Path) -> None:
        """Keep it on disk, whole or not at all."""
        columns = {
            f"{group}.{name}": column
            for group in ("events", "listings", "homes")
            for name, column in getattr(self, group).items()
        }
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(file, taken_at=self.taken_at.timestamp(), forgotten=self.forgotten, **columns)
        put_in_place(partial, path)

    @classmethod
    def load(cls, path: Path, zone: tzinfo | None) -> "Snapshot":
        """Read back what ``save`` has kept, with the moment in a time zone."""
        with np.load(path, allow_pickle=False) as kept:
            groups: dict[str, dict[str, Column]] = {"events": {}, "listings": {}, "homes": {}}
            for key in kept.files:
                group, _, name = key.partition(".")
                if name:
                    groups[group][name] = kept[key]
            moment = datetime.fromtimestamp(float(kept["taken_at"]), zone)
            return cls(moment, **groups, forgotten=kept["forgotten"])


def take_snapshot(now: datetime) -> Snapshot:
    """Read everything as it is now.

    Deletions are read before events: one that comes between is not counted as carried out, and its consumer stays a stranger
    until the next training.
    """
    forgotten = np.array(db.session.scalars(select(ForgottenHistory.id)).all(), dtype=np.int64)
    taken = Snapshot(now, _read_events(now), listing_features(), _homes(), forgotten)
    db.session.rollback()
    return taken


def events_since(folder: Path, now: datetime) -> dict[str, Column]:
    """Events that the model in a folder has not taken in, of consumers who let them be used."""
    known = np.load(folder / KNOWN_EVENTS, allow_pickle=False)
    found = _read_events(now, above=int(known[0]))
    new = ~np.isin(found["event"], known)
    events = _of_willing({name: column[new] for name, column in found.items()}, np.array([], dtype=np.int64))
    db.session.rollback()
    return events


def new_interactions(events: Mapping[str, Column]) -> Interactions | None:
    """Events in the recommender's words; None when there is none."""
    return _interactions(events) if len(events["event"]) else None


def digest(events: Mapping[str, Column], listings: Mapping[str, Column]) -> str:
    """A fingerprint of what a model would be folded from: equal when nothing has happened."""
    sums = hashlib.sha256(events["event"].tobytes())
    for name in sorted(listings):
        sums.update(listings[name].tobytes())
    return sums.hexdigest()


def listing_features() -> dict[str, Column]:
    """What is known of every listing besides who bought it; a new listing is first judged by it."""
    rows = db.session.execute(
        text(
            "SELECT id, benefit_bp / 10000.0::float8, producer_id, category_id, product_id, area_code FROM listing ORDER BY id"
        )
    ).all()
    names = ("item_id", "benefit", "seller", "category", "product", "village")
    kinds = (np.int64, np.float64, np.int64, np.int64, np.int64, np.str_)
    return {name: np.array([row[at] for row in rows], dtype=kinds[at]) for at, name in enumerate(names)}


def _homes() -> dict[str, Column]:
    """The province to which each consumer's last purchase went."""
    rows = db.session.execute(
        text(
            "SELECT DISTINCT ON (account_id) account_id, left(area_code, 2) FROM order_group"
            " WHERE area_code IS NOT NULL ORDER BY account_id, placed_at DESC, id DESC"
        )
    ).all()
    return {
        "account": np.array([row[0] for row in rows], dtype=np.int64),
        "area": np.array([row[1] for row in rows], dtype=np.str_),
    }


def _read_events(now: datetime, above: int = 0) -> dict[str, Column]:
    """Events with an id above a number as columns, read as binary and in portions; consumers who have said no are left out."""
    cursor = db.session.connection().connection.driver_connection.cursor(binary=True)  # type: ignore[union-attr]
    cursor.execute(
        "SELECT event.id, event.account_id, event.listing_id, extract(epoch FROM event.at)::float8,"
        " (CASE event.kind WHEN 'view' THEN 0 WHEN 'basket' THEN 1 ELSE 2 END)::int2, event.quantity"
        " FROM event LEFT JOIN preference USING (account_id)"
        " WHERE event.id > %s AND event.at <= %s AND preference.personalised IS NOT FALSE ORDER BY event.id",
        (above, now),
    )
    portions: dict[str, list[Column]] = {name: [np.array([], dtype=kind)] for name, kind in _EVENT_COLUMNS.items()}
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        for (name, kind), column in zip(_EVENT_COLUMNS.items(), zip(*rows, strict=True), strict=True):
            portions[name].append(np.array(column, dtype=kind))
    return {name: np.concatenate(parts) for name, parts in portions.items()}


def _of_willing(events: Mapping[str, Column], carried_out: Column) -> dict[str, Column]:
    """Events without those of consumers who have said no, or deleted their history by a deletion not carried out yet."""
    said_no = select(Preference.account_id).where(Preference.personalised.is_(False))
    waiting = select(ForgottenHistory.account_id).where(
        ForgottenHistory.gone_from_id.is_(None), ForgottenHistory.id.not_in(carried_out.tolist())
    )
    unwilling = np.array(db.session.scalars(said_no.union(waiting)).all(), dtype=np.int64)
    kept = ~np.isin(events["account"], unwilling)
    return {name: column[kept] for name, column in events.items()}


def _check_enough(events: Mapping[str, Column]) -> None:
    if not len(events["event"]):
        raise NotEnoughEvents("nothing has been bought yet, so there is nothing to learn from")
    if len(np.unique(events["account"])) < 2:
        raise NotEnoughEvents("only one consumer has done anything yet, and one does not speak for all")
    if len(np.unique(events["listing"])) < 2:
        raise NotEnoughEvents("only one listing has been looked at yet, so there is nothing to compare it with")


def _interactions(events: Mapping[str, Column]) -> Interactions:
    return Interactions.from_events(
        events["account"], events["listing"], events["at"], _KINDS[events["kind"]], quantities=events["quantity"]
    )
