"""The hourly folding-in: new consumers, new listings and new events reach the lists without a training.

It always starts from the last fit, never from another folding-in, so that errors do not add up.
"""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np

from marketplace.kernel.db import db
from marketplace.kernel.files import put_in_place
from marketplace.kernel.locks import Held, only_one
from marketplace.recommendations import versions
from marketplace.recommendations.models import ModelKind, ModelVersion, Stage
from marketplace.recommendations.queries import newest_model
from marketplace.recommendations.snapshots import KNOWN_EVENTS, digest, events_since, listing_features, new_interactions
from marketplace.recommendations.tilting import apply_policy
from recommender import Recommender

Say = Callable[[str], None]


def fold_in(models_dir: Path, *, now: datetime, say: Say) -> ModelVersion | None:
    """Make a model that also knows what has happened since the last fit, and switch over.

    None when nothing has happened since the newest model, when there is no fit yet, or when another process is making a
    model. A folding-in that fails leaves the model before it in place and says why.
    """
    with only_one(versions.LOCK) as held:
        if held is None:
            say("  another process is making a model; nothing was folded in")
            return None
        versions.set_aside_abandoned()
        fit, newest = newest_model(ModelKind.FIT), newest_model()
        if fit is None or newest is None:
            say("  there is no model yet to fold anything into")
            return None
        if (models_dir / fit.folder).is_dir() and not (models_dir / fit.folder / KNOWN_EVENTS).is_file():
            say("  the last fit does not say what it has taken in; the next one will")
            return None
        return _fold_in(models_dir, held, fit.id, models_dir / fit.folder, newest.digest, now=now, say=say)


def _fold_in(
    models_dir: Path, held: Held, fit_id: int, base: Path, newest_digest: str, *, now: datetime, say: Say
) -> ModelVersion | None:
    version_id: int | None = None
    partial = models_dir / "folding"
    try:
        events, listings = events_since(base, now), listing_features()
        mark = digest(events, listings)
        db.session.rollback()
        if mark == newest_digest:
            say("  nothing has happened since the last model")
            return None
        version_id = versions.begin(ModelKind.FOLD_IN, now=now, parent_id=fit_id)
        versions.advance(version_id, Stage.LEARNING)
        say(f"  {len(events['event']):,} events of {len(np.unique(events['account'])):,} consumers since the fit")
        model = Recommender.load(base).fold_in(new_interactions(events), dict(listings), now.timestamp())
        shutil.rmtree(partial, ignore_errors=True)
        model.save(partial)
        versions.advance(version_id, Stage.ORDERING)
        apply_policy(model, now=now)
        held.confirm()
        put_in_place(partial, models_dir / f"{version_id:06d}")
        versions.succeed(version_id, events=len(events["event"]), digest=mark)
    except Exception as error:
        if version_id is None:
            version_id = versions.begin(ModelKind.FOLD_IN, now=now, parent_id=fit_id)
        versions.fail(version_id, error)
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    versions.drop_old(models_dir)
    return db.session.get(ModelVersion, version_id)
