"""Training: from the event table to a model on disk that the web processes pick up with their next request."""

import logging
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import text

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.recommendations.models import ModelState, ModelVersion
from marketplace.recommendations.tilting import apply_policy
from recommender import Interactions, Recommender, RecommenderConfig

_log = logging.getLogger("marketplace.recommendations")
# Two steps back are kept for requests that are under way and for going back by hand.
_KEPT_MODELS = 3


class NotEnoughEvents(RuntimeError):
    """There is nothing to learn from yet; lists follow the general order until there is."""


def train(models_dir: Path, *, now: datetime, say: Callable[[str], None]) -> ModelVersion | None:
    """Train on all events and switch over; a training that fails leaves the old model in place and says why.

    Owns its transactions: reading takes one snapshot, the fit runs outside of any.
    """
    with transaction():
        version = ModelVersion(state=ModelState.TRAINING, folder="", began_at=now)
        db.session.add(version)
        db.session.flush()
        version.folder = f"{version.id:06d}"
        version_id, folder = version.id, models_dir / version.folder
    try:
        events = _fit(folder, now, say)
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        _log.warning("training %s failed: %s", version_id, error)
        _finish(version_id, ModelState.FAILED, 0, f"{type(error).__name__}: {error}"[:500])
        if isinstance(error, NotEnoughEvents):
            say(f"  {error}")
            return None
        raise
    _finish(version_id, ModelState.READY, events, "")
    apply_policy(Recommender.load(folder), now=now)
    _drop_old(models_dir)
    return db.session.get(ModelVersion, version_id)


def _finish(version_id: int, state: ModelState, events: int, note: str) -> None:
    with transaction():
        version = db.session.get_one(ModelVersion, version_id)
        version.state, version.events, version.note, version.ended_at = state, events, note, clock.now()


def _read_events() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """All events as columns, read as binary in one go; consumers who have switched off are left out."""
    cursor = db.session.connection().connection.driver_connection.cursor(binary=True)  # type: ignore[union-attr]
    cursor.execute(
        "SELECT event.account_id, event.listing_id, extract(epoch FROM event.at)::float8, event.kind, event.quantity"
        " FROM event LEFT JOIN preference USING (account_id) WHERE preference.personalised IS NOT FALSE ORDER BY event.id"
    )
    rows = cursor.fetchall()
    db.session.rollback()
    if not rows:
        raise NotEnoughEvents("nothing has been bought yet, so there is nothing to learn from")
    accounts, listings, moments, kinds, quantities = zip(*rows, strict=True)
    return (
        np.array(accounts, dtype=np.int64),
        np.array(listings, dtype=np.int64),
        np.array(moments, dtype=np.float64),
        np.array(kinds),
        np.array(quantities, dtype=np.float64),
    )


def _features() -> dict[str, list[object]]:
    """What is known of every listing besides who bought it; a new listing is first judged by it."""
    rows = db.session.execute(
        text("SELECT id, benefit_bp / 10000.0, producer_id, category_id, product_id, area_code FROM listing ORDER BY id")
    ).all()
    db.session.rollback()
    names = ("item_id", "benefit", "seller", "category", "product", "village")
    columns: dict[str, list[object]] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    columns["benefit"] = [float(str(share)) for share in columns["benefit"]]
    return columns


def _fit(folder: Path, now: datetime, say: Callable[[str], None]) -> int:
    accounts, listings, moments, kinds, quantities = _read_events()
    say(f"  {len(accounts):,} events of {len(np.unique(accounts)):,} consumers")
    interactions = Interactions.from_events(accounts, listings, moments, kinds, quantities=quantities)
    model = Recommender(RecommenderConfig()).fit(interactions, item_features=_features(), now=now.timestamp(), rng=0)
    folder.parent.mkdir(parents=True, exist_ok=True)
    model.save(folder)
    return len(accounts)


def _drop_old(models_dir: Path) -> None:
    for folder in sorted(path for path in models_dir.iterdir() if path.is_dir())[:-_KEPT_MODELS]:
        shutil.rmtree(folder, ignore_errors=True)
