"""From a reader to a shortlist: what the model thinks, narrowed to what can be delivered from stock this moment.

A process keeps the newest model it has seen in memory (the arrays themselves are mapped from disk and shared). Which model is
the newest is read with each request, so a new one is taken up at once and a list never mixes two.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Select, and_, any_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.queries import card_columns, delivered_to, on_sale
from marketplace.kernel.db import db
from marketplace.recommendations.models import ModelVersion, Policy
from marketplace.regions.models import Level
from recommender import CandidateSet, Reason, Recommender, RecommenderError, RelevantItems
from recommender.companions import Companions, buyer_shares, companions_of
from recommender.serving import explain

_log = logging.getLogger("marketplace.recommendations")
# History, the best by taste and the best by popularity: this many keep all but a ten-thousandth of the optimum.
SHORTLIST_SIZE = 150
# So many of the general order stand beside what the model would choose: of what somebody searches for, or can have delivered.
_OF_THE_GENERAL_ORDER = 100
# A listing the model has never seen is tried at the end of the shortlist, newest first.
_NEW_LISTINGS = 10
# What goes with a listing is found when it is first asked for, and kept for this many listings of a model: 3 MB at the most.
_COMPANIONS_KEPT, _COMPANIONS_OF_ONE = 2_000, 200
# Sold all the year round is no season.
_WEEKS_OF_A_SEASON = 40
_REASONS = {
    Reason.BOUGHT_BEFORE: "bought_before",
    Reason.SEEN_BEFORE: "seen_before",
    Reason.SIMILAR_CONSUMERS: "people_like_you",
    Reason.POPULAR: "popular",
    Reason.NEW_LISTING: "new_listing",
    Reason.POLICY: "supports_registered",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """Who asks for a list, and what may stand in it.

    Attributes
    ----------
    week : int
        The ISO week.
    reader : int or None
        The account whose history the list may follow.
    seller : int or None
        The account whose own goods are left out.
    area : str
        Where it would be delivered to; empty when nobody knows.
    near : sequence of int
        Listings that the list is to go with. They, and other offers of the same kinds of goods, are left out.
    within : condition on ``Listing``, or None
        What somebody asked for. All that fits it may stand in the list, the reader's own goods too.
    """

    week: int
    reader: int | None = None
    seller: int | None = None
    area: str = ""
    near: Sequence[int] = ()
    within: ColumnElement[bool] | None = None


@dataclass(frozen=True)
class _Model:
    """A model in memory with what every request needs of it: who may be raised by a policy, and where its knowledge ends."""

    version_id: int
    recommender: Recommender
    raisable: CandidateSet
    newest_listing_id: int
    companions: Callable[[int], Companions]


class _Process:
    """What this process serves from."""

    folder: Path = Path("var/models")
    model: _Model | None = None
    unreadable: int | None = None
    lock = threading.Lock()


@dataclass(frozen=True)
class Shortlist:
    """Listings in stock, with what the controller and the page need of each.

    ``reason`` answers for a place in it. ``goes_with`` names for a listing the one of those asked about that it goes with;
    ``cards`` has the rows of cards where the shortlist was read with them.
    """

    listing_ids: NDArray[np.int64]
    relevance: Floats
    benefit: Floats
    seller: NDArray[np.int64]
    badge_consent: list[bool]
    reason: Callable[[int], str]
    goes_with: Mapping[int, int] = field(default_factory=dict)
    cards: Mapping[int, Any] | None = None


_EMPTY = Shortlist(np.array([], np.int64), np.array([]), np.array([]), np.array([], np.int64), [], str)


def use_models_in(folder: Path) -> None:
    """Tell this process where trained models lie."""
    with _Process.lock:
        _Process.folder, _Process.model, _Process.unreadable = folder, None, None


def models_folder() -> Path:
    """Where trained models lie."""
    return _Process.folder


def _current(version: ModelVersion | None) -> _Model | None:
    """The model of a version, loaded once; the one before it when its files cannot be read."""
    if version is None:
        return None
    with _Process.lock:
        loaded = _Process.model
        if version.id not in (_Process.unreadable, loaded.version_id if loaded is not None else None):
            try:
                _Process.model = _load(version)
            except (RecommenderError, OSError) as error:
                _log.warning("model %s cannot be read, serving the one before: %s", version.id, error)
                _Process.unreadable = version.id
        return _Process.model


def _load(version: ModelVersion) -> _Model:
    recommender = Recommender.load(_Process.folder / version.folder)
    state = recommender.state
    shares = buyer_shares(state.history)
    kinds = next((column.codes for column in state.listings.content if column.name == "product"), None)

    @lru_cache(maxsize=_COMPANIONS_KEPT)
    def companions(item_number: int) -> Companions:
        return companions_of(state.history, shares, item_number, _COMPANIONS_OF_ONE, kinds)

    return _Model(
        version_id=version.id,
        recommender=recommender,
        raisable=recommender.candidate_set(state.listings.benefit > 0),
        newest_listing_id=int(max(state.items.values, default=0)),
        companions=companions,
    )


def can_serve(version: ModelVersion | None) -> bool:
    """Whether a trained model is there and its files can be read."""
    model = _current(version)
    return model is not None and version is not None and model.version_id == version.id


def shortlist(version: ModelVersion | None, asked: Question, policy: Policy | None) -> Shortlist:
    """What could be shown to a reader, or to a stranger where there is none; the general order while there is no model."""
    model = _current(version)
    if model is None:
        return _general(asked, policy)
    if asked.near:
        return _companions(model, asked, policy)
    if asked.within is not None:
        return _matches(model, asked, asked.within, policy)
    found = _best(model, asked)
    place = {int(listing_id): at for at, listing_id in enumerate(found.item_ids)}
    newest = (
        select(Listing.id)
        .where(Listing.id > model.newest_listing_id, on_sale(), Listing.available > 0)
        .order_by(Listing.id.desc())
        .limit(_NEW_LISTINGS)
    )
    wanted = _together(newest, place)
    if asked.area:
        # Where much of the shortlist does not travel so far, the head of what does stands behind it.
        wanted = func.array_cat(wanted, func.array(_head(delivered_to(asked.area)).scalar_subquery()))
    rows = _in_stock(asked, Listing.id == any_(wanted))
    rows.sort(key=lambda row: row.id not in place)
    least = float(found.probabilities.min()) if len(found.probabilities) else 0.0
    relevance = [float(found.probabilities[place[row.id]]) if row.id in place else least for row in rows]
    return _assemble(rows, policy, relevance=relevance, reason=_reasons(model, asked, rows))


def _best(model: _Model, asked: Question, candidates: CandidateSet | None = None) -> RelevantItems:
    """What the model would choose, and the best of what a policy may raise."""
    return model.recommender.shortlist(
        asked.reader, SHORTLIST_SIZE, candidates=candidates, must_include=model.raisable, area=_region(asked.area)
    )


def _region(area: str) -> str | None:
    """The area by which strangers are told apart, as coarse as the model was told: the province."""
    return area[: Level.PROVINCE] or None


def _matches(model: _Model, asked: Question, within: ColumnElement[bool], policy: Policy | None) -> Shortlist:
    """The best of what somebody asked for: the head of its general order, and what the model would choose from it."""
    wanted = _together(_head(within), _best(model, asked).item_ids.tolist())
    rows = _in_stock(asked, and_(Listing.id == any_(wanted), within))
    if not rows:
        return _EMPTY
    ids = [row.id for row in rows]
    relevance = model.recommender.relevance([asked.reader], candidates=ids, areas=[_region(asked.area)])[0]
    found = _assemble(rows, policy, relevance=relevance.tolist(), reason=_reasons(model, asked, rows))
    return replace(found, cards={row.id: row for row in rows})


def _head(condition: ColumnElement[bool]) -> Select[Any]:
    """The head of the general order of what fulfils a condition."""
    return (
        select(Listing.id)
        .where(condition, on_sale(), Listing.available > 0)
        .order_by(Listing.rank.desc(), Listing.id)
        .limit(_OF_THE_GENERAL_ORDER)
        .correlate(None)
    )


def _companions(model: _Model, asked: Question, policy: Policy | None) -> Shortlist:
    """What goes with some listings: the odds of each for the reader, times how much likelier their buyers buy it.

    Where too little goes with them, what the reader would be shown anyway follows behind.
    """
    state = model.recommender.state
    lift, partner = np.ones(len(state.items)), np.full(len(state.items), -1, dtype=np.int64)
    for listing_id in asked.near:
        number = state.items.number(listing_id)
        found = model.companions(number) if number >= 0 else None
        if found is not None:
            stronger = found.lift > lift[found.numbers]
            lift[found.numbers[stronger]], partner[found.numbers[stronger]] = found.lift[stronger], listing_id
    close = _best(model, asked, model.recommender.candidate_set(partner >= 0))
    others = _best(model, asked)
    odds = close.probabilities / (1 - close.probabilities) * lift[close.item_numbers]
    scores = dict(zip(close.item_ids.tolist(), (odds / (1 + odds)).tolist(), strict=True))
    # Behind the least of those that go with them, in their own order.
    least, most = min(scores.values(), default=1.0), float(others.probabilities.max(initial=0.0)) or 1.0
    for listing_id, probability in zip(others.item_ids.tolist(), others.probabilities.tolist(), strict=True):
        scores.setdefault(listing_id, probability * min(1.0, least / most))
    rows = _of_many_kinds(_in_stock(asked, Listing.id == any_(cast(list(scores), ARRAY(BigInteger)))), scores)
    pairs = dict(zip(close.item_ids.tolist(), partner[close.item_numbers].tolist(), strict=True))
    goes_with = {row.id: pairs[row.id] for row in rows if row.id in pairs}
    reason = _reasons(model, asked, rows)
    listed = _assemble(
        rows,
        policy,
        relevance=[scores[row.id] for row in rows],
        reason=lambda at: "goes_with" if rows[at].id in goes_with else reason(at),
    )
    return replace(listed, goes_with=goes_with)


def _of_many_kinds(rows: Sequence[Any], scores: Mapping[int, float]) -> list[Any]:
    """Of each kind of goods the best offer, and the best that a policy may raise: a short row repeats no kind without cause."""
    best: dict[tuple[int, bool], Any] = {}
    for row in rows:
        for raisable in {False, row.benefit_bp > 0}:
            held = best.get((row.product_id, raisable))
            if held is None or scores[row.id] > scores[held.id]:
                best[row.product_id, raisable] = row
    chosen = {row.id for row in best.values()}
    return [row for row in rows if row.id in chosen]


def _reasons(model: _Model, asked: Question, rows: Sequence[Any]) -> Callable[[int], str]:
    """Why each of some rows may stand in a list: what the model says, and of popular things what is true of them here."""
    state = model.recommender.state
    user_number = state.users.number(asked.reader)
    region = _region(asked.area)
    region_number = -1 if region is None else state.areas.number(region)
    is_stranger = user_number < 0 or not len(state.history.items[state.history.row(user_number)])

    def reason(at: int) -> str:
        row = rows[at]
        number = state.items.number(row.id)
        why = explain(state, user_number, number)
        if why is Reason.POPULAR and is_in_season_near(row, asked.area):
            return "in_season"
        if why is Reason.POPULAR and is_stranger and region_number >= 0 and state.area_shifts[region_number, number] > 0:
            return "popular_near"
        return _REASONS[why]

    return reason


def is_in_season_near(row: Any, area: str) -> bool:
    """Whether a row of the shortlist is in season this week and comes from the province of the reader's area."""
    return bool(area and row.in_season and row.area_code.startswith(area[: Level.PROVINCE]))


def _general(asked: Question, policy: Policy | None) -> Shortlist:
    """The shop's general order as a shortlist, for the days before the first training."""
    condition = on_sale() if asked.within is None else and_(on_sale(), asked.within)
    best = (
        select(Listing.id)
        .where(condition, Listing.available > 0, *_conditions(asked))
        .join(Producer, Producer.id == Listing.producer_id)
        .order_by(Listing.rank.desc(), Listing.id)
        .limit(SHORTLIST_SIZE)
    )
    # As an array, which is looked up by the index however little the database knows of the table yet.
    found = _in_stock(asked, Listing.id == any_(func.array(best.correlate(None).scalar_subquery())))
    rows = sorted(found, key=lambda row: (-row.rank, row.id))
    most = max((row.rank for row in rows), default=0.0) or 1.0
    relevance = [max(row.rank, 0.0) / most * 0.1 for row in rows]
    reasons = ["in_season" if is_in_season_near(row, asked.area) else "popular" for row in rows]
    listed = _assemble(rows, policy, relevance=relevance, reason=reasons.__getitem__)
    return replace(listed, cards={row.id: row for row in rows}) if asked.within is not None else listed


def _together(first: Select[Any], listing_ids: Any) -> ColumnElement[Any]:
    """Two lists of listings as one array, because an OR of two lists would read the whole table."""
    return func.array_cat(func.array(first.correlate(None).scalar_subquery()), cast(list(listing_ids), ARRAY(BigInteger)))


def _conditions(asked: Question) -> list[ColumnElement[bool]]:
    """What every listing of an answer must fulfil besides being in stock."""
    conditions = []
    if asked.area:
        conditions.append(delivered_to(asked.area))
    if asked.seller is not None and asked.within is None:
        conditions.append(or_(Producer.account_id.is_(None), Producer.account_id != asked.seller))
    if asked.near:
        other = aliased(Listing)
        conditions.append(Listing.id.not_in(asked.near))
        conditions.append(Listing.product_id.not_in(select(other.product_id).where(other.id.in_(asked.near))))
    return conditions


def _in_stock(asked: Question, condition: ColumnElement[bool]) -> list[Any]:
    """The listings of a condition that may be shown, by id; with the columns of cards where those are few."""
    own = (Listing.rank, Producer.badge_consent, _in_season(asked.week).label("in_season"))
    if asked.within is not None:
        query = card_columns().add_columns(*own)
    else:
        query = select(Listing.id, Listing.producer_id, Listing.product_id, Listing.benefit_bp, Listing.area_code, *own).join(
            Producer, Producer.id == Listing.producer_id
        )
    query = query.where(condition, on_sale(), Listing.available > 0, *_conditions(asked)).order_by(Listing.id)
    return list(db.session.execute(query))


def _in_season(week: int) -> ColumnElement[bool]:
    weeks = func.cardinality(Listing.season_weeks)
    return and_(weeks <= literal(_WEEKS_OF_A_SEASON), Listing.season_weeks.contains([week]))


def _assemble(
    rows: Sequence[Any], policy: Policy | None, *, relevance: Sequence[float], reason: Callable[[int], str]
) -> Shortlist:
    if not rows:
        return _EMPTY
    inside = [policy is None or row.area_code.startswith(policy.area_code) for row in rows]
    return Shortlist(
        listing_ids=np.array([row.id for row in rows], dtype=np.int64),
        relevance=np.array(relevance, dtype=np.float64),
        benefit=np.array([row.benefit_bp / 10_000 * counts for row, counts in zip(rows, inside, strict=True)]),
        seller=np.array([row.producer_id for row in rows], dtype=np.int64),
        badge_consent=[row.badge_consent for row in rows],
        reason=reason,
    )
