"""From a reader to a shortlist: what the model thinks, narrowed to what can be delivered from stock this moment.

A list comes from one model and is written down with its number; see ``loaded`` for which.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Select, and_, any_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.queries import card_columns, delivered_to, on_sale
from marketplace.catalogue.seasons import to_be_ordered, to_be_seen
from marketplace.catalogue.week import in_season
from marketplace.kernel.db import db
from marketplace.recommendations.coverage import PoliciesInForce, Signature
from marketplace.recommendations.loaded import LoadedModel, current
from marketplace.recommendations.models import ModelVersion
from marketplace.recommendations.queries import owed_exposure, tilt_columns
from marketplace.regions.models import Level
from recommender import CandidateSet, Reason, RelevantItems
from recommender.serving import explain, is_stranger

# History, the best by taste and the best by popularity: this many keep all but a ten-thousandth of the optimum.
SHORTLIST_SIZE = 150
# So many of the general order stand beside what the model would choose: of what somebody searches for, or can have delivered.
_OF_THE_GENERAL_ORDER = 100
# Listings that the model has never seen, newest first, and those that are owed exposure are tried at the end of the shortlist.
_NEW_LISTINGS = 10
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
    in_force : PoliciesInForce
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
    head : sequence of int, or None
        The head of the general order of ``within``, where the caller has read it some seconds ago at the most. What has been
        sold out since does not stand in the list.
    known_from_fit : int
        The first fit that may know the reader: one before it holds a history that was deleted, and takes the reader for a
        stranger.
    """

    week: int
    in_force: PoliciesInForce
    reader: int | None = None
    seller: int | None = None
    area: str = ""
    near: Sequence[int] = ()
    within: ColumnElement[bool] | None = None
    head: Sequence[int] | None = None
    known_from_fit: int = 0


@dataclass(frozen=True)
class Shortlist:
    """Listings in stock, with what the controller and the page need of each.

    ``benefit`` is 0 for goods that no policy covers while there is any. ``published_at`` is in Unix seconds. ``reason`` answers
    for a place in it. ``goes_with`` names for a listing the one of those asked about that it goes with; ``cards`` has the rows
    of cards where the shortlist was read with them. ``model_version_id`` is the model that the relevance comes from;
    ``follows_reader`` says that it knows something of the reader to follow.
    """

    listing_ids: NDArray[np.int64]
    relevance: Floats
    benefit: Floats
    seller: NDArray[np.int64]
    policy_ids: NDArray[np.int64]
    severity: Floats
    household_exposure: Floats
    published_at: Floats
    new_exposure: Floats
    badge_consent: list[bool]
    reason: Callable[[int], str]
    goes_with: Mapping[int, int] = field(default_factory=dict)
    cards: Mapping[int, Any] | None = None
    model_version_id: int | None = None
    follows_reader: bool = False


def shortlist(version: ModelVersion | None, asked: Question) -> Shortlist:
    """What could be shown to a reader, or to a stranger where there is none; the general order while there is no model."""
    model = current(version)
    if model is None:
        return _general(asked)
    if model.fit_id < asked.known_from_fit:
        asked = replace(asked, reader=None)
    if asked.near:
        listed = _companions(model, asked)
    elif asked.within is not None:
        listed = _matches(model, asked, asked.within)
    else:
        listed = _chosen(model, asked)
    return replace(listed, model_version_id=model.version_id, follows_reader=not _is_stranger(model, asked))


def _chosen(model: LoadedModel, asked: Question) -> Shortlist:
    """What the model would choose of everything, and what it does not know yet."""
    found = _best(model, asked)
    place = {int(listing_id): at for at, listing_id in enumerate(found.item_ids)}
    newest = (
        select(Listing.id)
        .where(Listing.id > model.newest_listing_id, on_sale(), Listing.available > 0)
        .order_by(Listing.id.desc())
        .limit(_NEW_LISTINGS)
    )
    wanted = func.array_cat(_together(newest, place), _owed(asked))
    if asked.area:
        # Where much of the shortlist does not travel so far, the head of what does stands behind it.
        wanted = func.array_cat(wanted, func.array(_head(delivered_to(asked.area)).scalar_subquery()))
    rows = _in_stock(asked, Listing.id == any_(wanted))
    rows.sort(key=lambda row: row.id not in place)
    relevance = _relevance(model, asked, found, [row.id for row in rows])
    return _assemble(rows, asked, relevance=relevance, reason=_reasons(model, asked, rows))


def _relevance(model: LoadedModel, asked: Question, found: RelevantItems, listing_ids: Sequence[int]) -> list[float]:
    """The relevance of listings, those of a shortlist and others; one that the model has never seen stands at its end."""
    said = dict(zip(found.item_ids.tolist(), found.probabilities.tolist(), strict=True))
    least = min(said.values(), default=0.0)
    known = model.recommender.state.items
    others = [one for one in listing_ids if one not in said and known.number(one) >= 0]
    if others:
        relevance = model.recommender.relevance([asked.reader], candidates=others, areas=[_region(asked.area)])[0]
        said |= dict(zip(others, relevance.tolist(), strict=True))
    return [said.get(one, least) for one in listing_ids]


def _best(model: LoadedModel, asked: Question, candidates: CandidateSet | None = None) -> RelevantItems:
    """What the model would choose, and the best of what a policy may raise."""
    return model.recommender.shortlist(
        asked.reader, SHORTLIST_SIZE, candidates=candidates, must_include=model.raisable, area=_region(asked.area)
    )


def _region(area: str) -> str | None:
    """The area by which strangers are told apart, as coarse as the model was told: the province."""
    return area[: Level.PROVINCE] or None


def _matches(model: LoadedModel, asked: Question, within: ColumnElement[bool]) -> Shortlist:
    """The best of what somebody asked for: the head of its general order, and what the model would choose from it."""
    best = _best(model, asked).item_ids.tolist()
    wanted = _together(_head(within), best) if asked.head is None else _array([*asked.head, *best])
    rows = _in_stock(asked, and_(Listing.id == any_(wanted), within))
    ids = [row.id for row in rows]
    relevance = model.recommender.relevance([asked.reader], candidates=ids, areas=[_region(asked.area)])[0]
    found = _assemble(rows, asked, relevance=relevance.tolist(), reason=_reasons(model, asked, rows))
    return replace(found, cards={row.id: row for row in rows})


def _head(condition: ColumnElement[bool]) -> Select[Any]:
    """The head of the general order of what fulfils a condition."""
    return (
        select(Listing.id)
        .where(condition, on_sale(), to_be_seen())
        .order_by(Listing.rank.desc(), Listing.id)
        .limit(_OF_THE_GENERAL_ORDER)
        .correlate(None)
    )


def _companions(model: LoadedModel, asked: Question) -> Shortlist:
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
        asked,
        relevance=[scores[row.id] for row in rows],
        reason=lambda at: "goes_with" if rows[at].id in goes_with else reason(at),
    )
    return replace(listed, goes_with=goes_with)


def _of_many_kinds(rows: Sequence[Any], scores: Mapping[int, float]) -> list[Any]:
    """Of each kind of goods the best offer, and the best that a policy may raise: a short row repeats no kind without cause."""
    best: dict[tuple[int, bool], Any] = {}
    for row in rows:
        for raisable in {False, row.stock_benefit_bp > 0}:
            held = best.get((row.product_id, raisable))
            if held is None or scores[row.id] > scores[held.id]:
                best[row.product_id, raisable] = row
    chosen = {row.id for row in best.values()}
    return [row for row in rows if row.id in chosen]


def _is_stranger(model: LoadedModel, asked: Question) -> bool:
    """Whether the model knows nothing that the reader did."""
    state = model.recommender.state
    return is_stranger(state, state.users.number(asked.reader))


def _reasons(model: LoadedModel, asked: Question, rows: Sequence[Any]) -> Callable[[int], str]:
    """Why each of some rows may stand in a list: what the model says, and of popular things what is true of them here."""
    state = model.recommender.state
    user_number = state.users.number(asked.reader)
    region = _region(asked.area)
    region_number = -1 if region is None else state.areas.number(region)
    stranger = _is_stranger(model, asked)

    def reason(at: int) -> str:
        row = rows[at]
        number = state.items.number(row.id)
        why = explain(state, user_number, number)
        if why is Reason.POPULAR and is_in_season_near(row, asked.area):
            return "in_season"
        if why is Reason.POPULAR and stranger and region_number >= 0 and state.area_shifts[region_number, number] > 0:
            return "popular_near"
        return _REASONS[why]

    return reason


def is_in_season_near(row: Any, area: str) -> bool:
    """Whether a row of the shortlist is in season this week and comes from the province of the reader's area."""
    return bool(area and row.in_season and row.area_code.startswith(area[: Level.PROVINCE]))


def _general(asked: Question) -> Shortlist:
    """The shop's general order as a shortlist, for the days before the first training."""
    condition = on_sale() if asked.within is None else and_(on_sale(), asked.within)
    best = (
        select(Listing.id)
        .where(condition, *_conditions(asked))
        .join(Producer, Producer.id == Listing.producer_id)
        .order_by(Listing.rank.desc(), Listing.id)
        .limit(SHORTLIST_SIZE)
    )
    # As an array, which is looked up by the index however little the database knows of the table yet.
    wanted: ColumnElement[Any] = func.array(best.correlate(None).scalar_subquery())
    if asked.within is None:
        wanted = func.array_cat(wanted, _owed(asked))
    found = _in_stock(asked, Listing.id == any_(wanted))
    rows = sorted(found, key=lambda row: (-row.rank, row.id))
    most = max((row.rank for row in rows), default=0.0) or 1.0
    relevance = [max(row.rank, 0.0) / most * 0.1 for row in rows]
    reasons = ["in_season" if is_in_season_near(row, asked.area) else "popular" for row in rows]
    listed = _assemble(rows, asked, relevance=relevance, reason=reasons.__getitem__)
    return replace(listed, cards={row.id: row for row in rows}) if asked.within is not None else listed


def _together(first: Select[Any], listing_ids: Any) -> ColumnElement[Any]:
    """Two lists of listings as one array, because an OR of two lists would read the whole table."""
    return func.array_cat(func.array(first.correlate(None).scalar_subquery()), _array(list(listing_ids)))


def _array(listing_ids: Sequence[int]) -> ColumnElement[Any]:
    return cast(list(listing_ids), ARRAY(BigInteger))


def _owed(asked: Question) -> ColumnElement[Any]:
    """The new listings that are owed exposure most, as an array."""
    owed = owed_exposure(asked.in_force.day).limit(_NEW_LISTINGS)
    return func.array(owed.correlate(None).scalar_subquery())


def _conditions(asked: Question) -> list[ColumnElement[bool]]:
    """What every listing of an answer must fulfil besides being on sale."""
    # Goods that somebody asked for may wait for their season; nobody is recommended what cannot be had.
    conditions = [to_be_ordered() if asked.within is None else to_be_seen()]
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
    query = _stock(asked.in_force.signature, asked.week, asked.within is not None)
    query = query.where(condition, *_conditions(asked)).order_by(Listing.id)
    return list(db.session.execute(query))


@lru_cache(maxsize=64)
def _stock(policies: Signature, week: int, with_cards: bool) -> Select[Any]:
    """What is on sale and in stock, with the columns that every list needs; made once for the policies of a day."""
    own = (Listing.rank, Producer.badge_consent, in_season(week).label("in_season"), *tilt_columns(policies))
    if with_cards:
        query = card_columns().add_columns(*own)
    else:
        query = select(Listing.id, Listing.producer_id, Listing.product_id, Listing.area_code, *own).join(
            Producer, Producer.id == Listing.producer_id
        )
    return query.where(on_sale())


def _assemble(rows: Sequence[Any], asked: Question, *, relevance: Sequence[float], reason: Callable[[int], str]) -> Shortlist:
    policies = asked.in_force.policies
    counted = [row.stock_benefit_bp if row.policy_id or not policies else 0 for row in rows]
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
    )
