"""From a reader to a shortlist: what the model thinks, narrowed to what is in stock this moment.

A process keeps the newest model it has seen in memory (the arrays themselves are mapped from disk and shared). Which model is
the newest is read with each request. The first request that meets a new one loads it while the others go on with the one
before; a list comes from one model and is written down with its number. The one before is unmapped when its last request ends.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, and_, any_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.queries import on_sale
from marketplace.kernel.db import db
from marketplace.recommendations.coverage import PoliciesInForce
from marketplace.recommendations.models import ModelState, ModelVersion
from marketplace.recommendations.queries import owed_exposure, tilt_columns
from recommender import CandidateSet, Reason, Recommender, RecommenderError
from recommender.serving import explain

_log = logging.getLogger("marketplace.recommendations")
# History, the best by taste and the best by popularity: this many keep all but a ten-thousandth of the optimum.
SHORTLIST_SIZE = 150
# A listing the model has never seen is tried at the end of the shortlist, newest first.
_NEW_LISTINGS = 10
_REASONS = {
    Reason.BOUGHT_BEFORE: "bought_before",
    Reason.SEEN_BEFORE: "seen_before",
    Reason.SIMILAR_CONSUMERS: "people_like_you",
    Reason.POPULAR: "popular",
    Reason.NEW_LISTING: "new_listing",
    Reason.POLICY: "supports_registered",
}


@dataclass(frozen=True)
class _Model:
    """A model in memory with what every request needs of it: who may be raised by a policy, and where its knowledge ends."""

    version_id: int
    fit_id: int
    recommender: Recommender
    raisable: CandidateSet
    newest_listing_id: int


class _Process:
    """What this process serves from."""

    folder: Path = Path("var/models")
    model: _Model | None = None
    unreadable: int | None = None
    loading = threading.Lock()


@dataclass(frozen=True)
class Shortlist:
    """Listings in stock, with what the controller and the page need of each; ``reason`` answers for a place in it.

    ``benefit`` is 0 for goods that no policy covers while there is any. ``published_at`` is in Unix seconds.
    ``model_version_id`` is the model that the relevance comes from; ``follows_reader`` says that it was asked for the reader,
    not for a stranger.
    """

    listing_ids: NDArray[np.int64]
    relevance: NDArray[np.float64]
    benefit: NDArray[np.float64]
    seller: NDArray[np.int64]
    policy_ids: NDArray[np.int64]
    severity: NDArray[np.float64]
    household_exposure: NDArray[np.float64]
    published_at: NDArray[np.float64]
    new_exposure: NDArray[np.float64]
    badge_consent: list[bool]
    reason: Callable[[int], str]
    model_version_id: int | None = None
    follows_reader: bool = False


def use_models_in(folder: Path) -> None:
    """Tell this process where trained models lie."""
    with _Process.loading:
        _Process.folder, _Process.model, _Process.unreadable = folder, None, None


def models_folder() -> Path:
    """Where trained models lie."""
    return _Process.folder


def _current(version: ModelVersion | None) -> _Model | None:
    """The model of a version, loaded once; the one before it while it is being loaded, or when its files cannot be read."""
    if version is None:
        return None
    loaded = _Process.model
    if _is_settled(version, loaded) or not _Process.loading.acquire(blocking=loaded is None):
        return loaded
    try:
        if not _is_settled(version, _Process.model):
            _Process.model = _load(version)
    except (RecommenderError, OSError) as error:
        _log.warning("model %s cannot be read, serving the one before: %s", version.id, error)
        _Process.unreadable = version.id
    finally:
        _Process.loading.release()
    return _Process.model


def _is_settled(version: ModelVersion, loaded: _Model | None) -> bool:
    """Whether the model in memory is the one to serve from, for a request that has read this version as the newest."""
    if version.id == _Process.unreadable:
        return True
    if loaded is None or loaded.version_id < version.id:
        return False
    if loaded.version_id == version.id:
        return True
    # Either the request read the newest version just before a newer one was ready, or somebody has gone back by hand.
    state = db.session.scalar(select(ModelVersion.state).filter_by(id=loaded.version_id))
    return state == ModelState.READY


def _load(version: ModelVersion) -> _Model:
    recommender = Recommender.load(_Process.folder / version.folder)
    state = recommender.state
    return _Model(
        version_id=version.id,
        fit_id=version.fit_id,
        recommender=recommender,
        raisable=recommender.candidate_set(state.listings.benefit > 0),
        newest_listing_id=int(max(state.items.values, default=0)),
    )


def can_serve(version: ModelVersion | None) -> bool:
    """Whether a trained model is there and its files can be read."""
    model = _current(version)
    return model is not None and version is not None and model.version_id == version.id


def recommender_of(version: ModelVersion | None) -> Recommender | None:
    """The model that serves under a version; None before the first training."""
    model = _current(version)
    return model.recommender if model is not None else None


def shortlist(
    version: ModelVersion | None, reader: int | None, in_force: PoliciesInForce, *, known_from_fit: int = 0
) -> Shortlist:
    """What could be shown to a reader, or to a stranger for None; the general order while there is no model.

    A model of a fit before ``known_from_fit`` holds a history that the reader has deleted, and takes the reader for a stranger.
    """
    model = _current(version)
    if model is None:
        return _general(in_force)
    if model.fit_id < known_from_fit:
        reader = None
    found = model.recommender.shortlist(reader, SHORTLIST_SIZE, must_include=model.raisable)
    place = {int(listing_id): at for at, listing_id in enumerate(found.item_ids)}
    newest = (
        select(Listing.id)
        .where(Listing.id > model.newest_listing_id, on_sale(), Listing.available > 0)
        .order_by(Listing.id.desc())
        .limit(_NEW_LISTINGS)
    )
    owed = owed_exposure(in_force.day).limit(_NEW_LISTINGS)
    # One array of ids, because an OR of two lists would read the whole table.
    unseen = func.array_cat(func.array(newest.scalar_subquery()), func.array(owed.scalar_subquery()))
    wanted = func.array_cat(unseen, cast(list(place), ARRAY(BigInteger)))
    rows = _in_stock(Listing.id == any_(wanted), in_force)
    new = [row for row in rows if row.id not in place]
    rows = [row for row in rows if row.id in place]
    least = float(found.probabilities.min()) if len(found.probabilities) else 0.0
    user_number = model.recommender.state.users.number(reader)
    numbers = [int(found.item_numbers[place[row.id]]) for row in rows] + [-1] * len(new)
    relevance = [float(found.probabilities[place[row.id]]) for row in rows] + [least] * len(new)
    return _assemble(
        rows + new,
        in_force,
        relevance=relevance,
        reason=lambda at: _REASONS[explain(model.recommender.state, user_number, numbers[at])],
        model_version_id=model.version_id,
        follows_reader=reader is not None,
    )


def _general(in_force: PoliciesInForce) -> Shortlist:
    """The shop's general order as a shortlist, for the days before the first training."""
    best = select(Listing.id).where(on_sale()).order_by(Listing.rank.desc(), Listing.id).limit(SHORTLIST_SIZE)
    owed = owed_exposure(in_force.day).limit(_NEW_LISTINGS)
    wanted = func.array_cat(func.array(best.scalar_subquery()), func.array(owed.scalar_subquery()))
    rows = sorted(_in_stock(Listing.id == any_(wanted), in_force), key=lambda row: (-row.rank, row.id))
    most = max((row.rank for row in rows), default=0.0) or 1.0
    relevance = [max(row.rank, 0.0) / most * 0.1 for row in rows]
    return _assemble(rows, in_force, relevance=relevance, reason=lambda at: "popular")


def _in_stock(condition: Any, in_force: PoliciesInForce) -> list[Any]:
    query = (
        select(Listing.id, Listing.producer_id, Listing.rank, Producer.badge_consent, *tilt_columns(in_force))
        .join(Producer, Producer.id == Listing.producer_id)
        .where(and_(condition, on_sale(), Listing.available > 0))
        .order_by(Listing.id)
    )
    return list(db.session.execute(query))


def _assemble(
    rows: list[Any],
    in_force: PoliciesInForce,
    *,
    relevance: list[float],
    reason: Callable[[int], str],
    model_version_id: int | None = None,
    follows_reader: bool = False,
) -> Shortlist:
    counted = [row.benefit_bp if row.policy_id or not in_force.policies else 0 for row in rows]
    return Shortlist(
        listing_ids=np.array([row.id for row in rows], dtype=np.int64),
        relevance=np.array(relevance, dtype=np.float64),
        benefit=np.array(counted, dtype=np.float64) / 10_000,
        seller=np.array([row.producer_id for row in rows], dtype=np.int64),
        policy_ids=np.array([row.policy_id for row in rows], dtype=np.int64),
        severity=np.array([row.severity for row in rows], dtype=np.float64),
        household_exposure=np.array([row.household_exposure for row in rows], dtype=np.float64),
        published_at=np.array([row.published_at.timestamp() if row.published_at else 0.0 for row in rows], dtype=np.float64),
        new_exposure=np.array([row.new_exposure for row in rows], dtype=np.float64),
        badge_consent=[row.badge_consent for row in rows],
        reason=reason,
        model_version_id=model_version_id,
        follows_reader=follows_reader,
    )
