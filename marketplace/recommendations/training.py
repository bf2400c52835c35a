"""Training: from the event table to a model on disk that the web processes pick up with their next request.

A training leaves its finished stages in the folder ``work``: the snapshot it reads and the model it has learnt. One that is
killed is taken up again from there; a model is served only from a folder that was put in place whole.
"""

import logging
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from marketplace.kernel.db import db
from marketplace.kernel.files import put_in_place
from marketplace.kernel.locks import Held, only_one
from marketplace.recommendations import versions
from marketplace.recommendations.models import ModelKind, ModelVersion, Stage
from marketplace.recommendations.snapshots import KNOWN_EVENTS, NotEnoughEvents, Snapshot, digest, take_snapshot
from marketplace.recommendations.tilting import apply_policy
from recommender import Recommender, RecommenderConfig

_log = logging.getLogger("marketplace.recommendations")
# What was read longer ago than this is read again: a new start costs minutes, a model of yesterday a day.
_FRESH = timedelta(hours=6)
_EVENT_COLUMN = "event"

Say = Callable[[str], None]


def train(models_dir: Path, *, now: datetime, say: Say) -> ModelVersion | None:
    """Train on all events and switch over; a training that fails leaves the old model in place and says why.

    Owns its transactions; the fit runs outside of any. None when there is nothing to learn from, or when another process
    is at it already.
    """
    with only_one(versions.LOCK) as held:
        if held is None:
            say("  another process is making a model; this training was not begun")
            return None
        return _train(models_dir, held, now=now, say=say)


def _train(models_dir: Path, held: Held, *, now: datetime, say: Say) -> ModelVersion | None:
    versions.set_aside_abandoned()
    work = models_dir / "work"
    version_id = versions.begin(ModelKind.FIT, now=now)
    try:
        snapshot = _snapshot(work, now, say)
        versions.advance(version_id, Stage.LEARNING)
        learnt = _learnt(work, snapshot, say)
        versions.advance(version_id, Stage.ORDERING)
        say("  ordering the shop")
        apply_policy(Recommender.load(learnt), now=now)
        held.confirm()
        put_in_place(learnt, models_dir / f"{version_id:06d}")
        nothing_since = {_EVENT_COLUMN: np.array([], dtype=np.int64)}
        versions.succeed(
            version_id,
            events=len(snapshot.events[_EVENT_COLUMN]),
            digest=digest(nothing_since, snapshot.listings),
            forgotten=snapshot.forgotten,
        )
    except Exception as error:
        versions.fail(version_id, error)
        if not isinstance(error, NotEnoughEvents):
            raise
        say(f"  {error}")
        return None
    finally:
        # Only a process that was killed leaves it behind, and only that is worth taking up.
        shutil.rmtree(work, ignore_errors=True)
    versions.drop_old(models_dir)
    return db.session.get(ModelVersion, version_id)


def _snapshot(work: Path, now: datetime, say: Say) -> Snapshot:
    """What an interrupted training had read, if that was not long ago; otherwise everything anew."""
    kept = work / "snapshot.npz"
    if kept.is_file():
        snapshot = Snapshot.load(kept, now.tzinfo)
        if timedelta(0) <= now - snapshot.taken_at <= _FRESH:
            say("  taking up what an interrupted training had read")
            return snapshot
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    snapshot = take_snapshot(now)
    snapshot.save(kept)
    return snapshot


def _learnt(work: Path, snapshot: Snapshot, say: Say) -> Path:
    """The folder of the model learnt from a snapshot: that of an interrupted training, or a new one."""
    learnt, partial = work / "model", work / "model.part"
    if learnt.is_dir():
        say("  taking up the model that an interrupted training had learnt")
        return learnt
    interactions = snapshot.interactions()
    say(f"  {len(interactions):,} events of {len(interactions.users):,} consumers")
    model = Recommender(RecommenderConfig()).fit(
        interactions,
        item_features=dict(snapshot.listings),
        now=snapshot.taken_at.timestamp(),
        rng=0,
        consumer_areas=snapshot.consumer_areas(),
    )
    shutil.rmtree(partial, ignore_errors=True)
    model.save(partial)
    np.save(partial / KNOWN_EVENTS, snapshot.newest_events(), allow_pickle=False)
    put_in_place(partial, learnt)
    return learnt
