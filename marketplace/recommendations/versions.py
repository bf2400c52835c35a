"""The life of a model version: begun, moving through its stages, ready or failed; and which folders stay.

Every change is a transaction of its own, so that the operator sees where a training stands. Whoever changes anything holds
the lock ``LOCK``: what is called training while the lock is free was abandoned by a process that died.
"""

import errno
import logging
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from numpy.typing import NDArray
from sqlalchemy import select, update

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.recommendations.models import Failure, ForgottenHistory, ModelKind, ModelState, ModelVersion, Stage
from marketplace.recommendations.queries import newest_model
from marketplace.recommendations.snapshots import NotEnoughEvents
from recommender import EmptyLogError, ModelFileError

LOCK = "recommendations.models"
# Two steps back are kept for requests that are under way and for going back by hand.
KEPT_MODELS = 3
_log = logging.getLogger("marketplace.recommendations")


def begin(kind: ModelKind, *, now: datetime, parent_id: int | None = None) -> int:
    """Write down that a training begins; answers its number."""
    with transaction():
        version = ModelVersion(kind=kind, parent_id=parent_id, state=ModelState.TRAINING, folder="", began_at=now)
        db.session.add(version)
        db.session.flush()
        version.folder = f"{version.id:06d}"
        return version.id


def advance(version_id: int, stage: Stage) -> None:
    """Write down that the next stage begins."""
    with transaction():
        db.session.get_one(ModelVersion, version_id).stage = stage


def succeed(version_id: int, *, events: int, digest: str, forgotten: NDArray[object] | None = None) -> None:
    """Let a model serve; the deletions it was learnt after are carried out with it."""
    with transaction():
        version = db.session.get_one(ModelVersion, version_id)
        version.state, version.stage, version.ended_at = ModelState.READY, Stage.DONE, clock.now()
        version.events, version.digest = events, digest
        if forgotten is not None and len(forgotten):
            db.session.execute(
                update(ForgottenHistory)
                .where(ForgottenHistory.id.in_(forgotten.tolist()), ForgottenHistory.gone_from_id.is_(None))
                .values(gone_from_id=version_id)
            )


def fail(version_id: int, error: Exception) -> None:
    """Write down that the model before stays, and why."""
    _log.warning("model version %s failed: %s", version_id, error)
    db.session.rollback()
    with transaction():
        _fail(db.session.get_one(ModelVersion, version_id), _failure_of(error), f"{type(error).__name__}: {error}")


def set_aside_abandoned() -> int:
    """Call failed what is called training; to be asked by the holder of the lock, who knows that nobody works on it."""
    with transaction():
        abandoned = db.session.scalars(
            select(ModelVersion).filter_by(state=ModelState.TRAINING).order_by(ModelVersion.id)
        ).all()
        for version in abandoned:
            _fail(version, Failure.INTERRUPTED, f"interrupted at the stage {version.stage}")
        return len(abandoned)


def _fail(version: ModelVersion, failure: Failure, note: str) -> None:
    version.state, version.failure, version.note, version.ended_at = ModelState.FAILED, failure, note[:500], clock.now()


def _failure_of(error: Exception) -> Failure:
    if isinstance(error, NotEnoughEvents | EmptyLogError):
        return Failure.NOTHING_TO_LEARN
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure.NO_SPACE
    return Failure.UNREADABLE if isinstance(error, ModelFileError) else Failure.UNEXPECTED


def drop_old(models_dir: Path) -> None:
    """Remove the folders that no process can need any more.

    A process that serves an older model has its files mapped and keeps them until it lets go; one that is about to load a
    model has read within this request that it is the newest, so three steps back are more than it can ask for. A fit stays
    as long as something was folded into it.
    """
    newest = select(ModelVersion).filter_by(state=ModelState.READY).order_by(ModelVersion.id.desc()).limit(KEPT_MODELS)
    serving = db.session.scalars(newest).all()
    fit = newest_model(ModelKind.FIT)
    kept = {version.id for version in serving} | {version.fit_id for version in serving} | ({fit.id} if fit else set())
    db.session.rollback()
    for folder in models_dir.iterdir():
        if folder.is_dir() and folder.name.isdigit() and int(folder.name) not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def latest(limit: int = 30) -> Sequence[ModelVersion]:
    """The latest trainings, newest first."""
    return db.session.scalars(select(ModelVersion).order_by(ModelVersion.id.desc()).limit(limit)).all()
