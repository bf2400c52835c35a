"""The shop as a simulation sees it: recent consumers, the goods in stock, whose goods they are, and what the model thinks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sqlalchemy import text

from marketplace.catalogue.models import Listing
from marketplace.catalogue.queries import benefit_bp_on, on_sale
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.recommendations import loaded
from marketplace.recommendations.models import ModelVersion
from marketplace.recommendations.queries import newest_model, policies_in_force
from marketplace.registry.models import SUPPORTED

Floats = NDArray[np.float64]

# So many consumers give a share to within a point and are tilted in a fraction of a second.
SAMPLED_CONSUMERS = 250
RECENT_DAYS = 90


@dataclass(frozen=True)
class World:
    """The shop as it stands: whom to make lists for, and from what.

    ``relevance`` is (consumers, listings); ``benefit`` and ``seller`` run by listing; ``parts`` (listings, households) says
    how much of a listing's benefit each registered household brought, so that its rows sum to ``benefit``.
    """

    version: ModelVersion
    consumer_ids: list[int]
    listing_ids: NDArray[np.int64]
    area_codes: list[str]
    relevance: Floats
    benefit: Floats
    seller: NDArray[np.int64]
    parts: csr_array


def read_world(*, now: datetime, consumer_ids: Sequence[int] | None = None) -> World | None:
    """Read the model, recent consumers (or those asked for) and what is in stock; None where one of them is missing."""
    version = newest_model()
    if version is None:
        return None
    model = loaded.current(version)
    if model is None:
        return None
    consumers = recent_consumers(now=now) if consumer_ids is None else list(consumer_ids)
    listings = db.session.execute(
        db.select(Listing.id, Listing.producer_id, Listing.area_code, benefit_bp_on(local_day(now)).label("benefit_bp"))
        .where(on_sale(), Listing.available > 0)
        .order_by(Listing.id)
    ).all()
    if not consumers or not listings:
        return None
    listing_ids = [row.id for row in listings]
    benefit = np.array([row.benefit_bp / 10_000 for row in listings])
    return World(
        # The model in hand, which for the moment of a change is not always the newest.
        version=db.session.get_one(ModelVersion, model.version_id),
        consumer_ids=consumers,
        listing_ids=np.array(listing_ids, dtype=np.int64),
        area_codes=[row.area_code for row in listings],
        relevance=model.recommender.relevance(consumers, candidates=listing_ids).astype(np.float64),
        benefit=benefit,
        seller=np.unique([row.producer_id for row in listings], return_inverse=True)[1],
        parts=_household_parts(listing_ids, benefit, local_day(now)),
    )


def recent_consumers(*, now: datetime) -> list[int]:
    """A sample, always the same for the same data, of consumers who did something lately and let lists follow it."""
    rows = db.session.execute(
        text(
            "SELECT account_id FROM event LEFT JOIN preference USING (account_id)"
            " WHERE at > :since AND preference.personalised IS NOT FALSE"
            " GROUP BY account_id ORDER BY md5(account_id::text) LIMIT :most"
        ),
        {"since": now - timedelta(days=RECENT_DAYS), "most": SAMPLED_CONSUMERS},
    )
    return sorted(number for (number,) in rows)


def _household_parts(listing_ids: list[int], benefit: Floats, day: date) -> csr_array:
    """Divide the benefit of each listing among the registered households whose goods are in stock, by grams."""
    rows = db.session.execute(
        text(
            "SELECT lot.listing_id, contribution.household_id, sum(contribution.grams)::float8 AS grams"
            " FROM lot JOIN lot_contribution contribution ON contribution.lot_id = lot.id"
            " JOIN household_status status ON status.household_id = contribution.household_id"
            " WHERE lot.on_hand > 0 AND lot.listing_id = ANY(:listings)"
            " AND status.days @> :day AND status.category = ANY(:supported)"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        {"listings": listing_ids, "day": day, "supported": [str(one) for one in SUPPORTED]},
    ).all()
    place = {number: at for at, number in enumerate(listing_ids)}
    households = {number: at for at, number in enumerate(sorted({row.household_id for row in rows}))}
    at = np.array([place[row.listing_id] for row in rows], dtype=np.int64)
    grams = np.array([row.grams for row in rows], dtype=np.float64)
    whole = np.bincount(at, weights=grams, minlength=len(listing_ids))
    columns = np.array([households[row.household_id] for row in rows], dtype=np.int64)
    values = grams / whole[at] * benefit[at] if len(at) else grams
    return csr_array((values, (at, columns)), shape=(len(listing_ids), max(len(households), 1)))


def covered_goods(world: World, area_code: str, day: date) -> NDArray[np.bool_]:
    """The listings a policy of an area covers: those without a nearer area that has a policy of its own on the day."""
    nearer = tuple(
        row.area_code for row in policies_in_force(day) if row.area_code != area_code and row.area_code.startswith(area_code)
    )
    return np.array([code.startswith(area_code) and not code.startswith(nearer) for code in world.area_codes], dtype=bool)
