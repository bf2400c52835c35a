"""The model that this process serves from.

A process keeps the newest model it has seen in memory (the arrays themselves are mapped from disk and shared). Which model is
the newest is read with each request. The first request that meets a new one loads it while the others go on with the one
before. The one before is unmapped when its last request ends.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.recommendations.models import ModelState, ModelVersion
from recommender import CandidateSet, Recommender, RecommenderError
from recommender.companions import Companions, buyer_shares, companions_of

_log = logging.getLogger("marketplace.recommendations")
# What goes with a listing is found when it is first asked for, and kept for this many listings of a model: 3 MB at the most.
_COMPANIONS_KEPT, _COMPANIONS_OF_ONE = 2_000, 200


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory with what every request needs of it: who may be raised by a policy, and where its knowledge ends."""

    version_id: int
    fit_id: int
    recommender: Recommender
    raisable: CandidateSet
    newest_listing_id: int
    companions: Callable[[int], Companions]


class _Process:
    """What this process serves from."""

    folder: Path = Path("var/models")
    model: LoadedModel | None = None
    unreadable: int | None = None
    loading = threading.Lock()


def use_models_in(folder: Path) -> None:
    """Tell this process where trained models lie."""
    with _Process.loading:
        _Process.folder, _Process.model, _Process.unreadable = folder, None, None


def models_folder() -> Path:
    """Where trained models lie."""
    return _Process.folder


def current(version: ModelVersion | None) -> LoadedModel | None:
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


def _is_settled(version: ModelVersion, loaded: LoadedModel | None) -> bool:
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


def _load(version: ModelVersion) -> LoadedModel:
    recommender = Recommender.load(_Process.folder / version.folder)
    state = recommender.state
    shares = buyer_shares(state.history)
    kinds = next((column.codes for column in state.listings.content if column.name == "product"), None)

    @lru_cache(maxsize=_COMPANIONS_KEPT)
    def companions(item_number: int) -> Companions:
        return companions_of(state.history, shares, item_number, _COMPANIONS_OF_ONE, kinds)

    return LoadedModel(
        version_id=version.id,
        fit_id=version.fit_id,
        recommender=recommender,
        raisable=recommender.candidate_set(state.listings.benefit > 0),
        newest_listing_id=int(max(state.items.values, default=0)),
        companions=companions,
    )


def can_serve(version: ModelVersion | None) -> bool:
    """Whether a trained model is there and its files can be read."""
    model = current(version)
    return model is not None and version is not None and model.version_id == version.id


def recommender_of(version: ModelVersion | None) -> Recommender | None:
    """The model that serves under a version; None before the first training."""
    model = current(version)
    return model.recommender if model is not None else None
