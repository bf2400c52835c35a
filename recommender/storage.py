"""A fitted state as a folder of arrays that are mapped, not read, and a manifest that vouches for them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.blend import Blend
from recommender.config import RecommenderConfig
from recommender.errors import DamagedModelError, ForeignModelError, UnsavableIdError
from recommender.history import History
from recommender.ids import IdMap
from recommender.kinds import Kinds
from recommender.listings import Column, Listings
from recommender.training import State

FORMAT, VERSION = "nongqiao-recommender", 1
MANIFEST = "manifest.json"

HISTORY_ARRAYS = ("indptr", "items", "frequency", "recent", "purchases", "first_age_days", "last_age_days")
STATE_ARRAYS = (
    "user_factors",
    "item_factors",
    "own_logits",
    "item_offsets",
    "user_offsets",
    "stranger_logits",
    "user_areas",
    "area_shifts",
)
BLEND_ARRAYS = ("repeat", "item", "pair", "kind")


def save_state(path: Path, state: State, config: RecommenderConfig) -> None:
    """Write a state into a folder; the manifest comes last, so a folder without one was never finished.

    Raises
    ------
    UnsavableIdError
        An outside id is neither an int, a str, a UUID nor a tuple of those.
    """
    path.mkdir(parents=True, exist_ok=True)
    (path / MANIFEST).unlink(missing_ok=True)
    files = {}
    for name, array in _arrays_of(state).items():
        target = path / f"{name}.npy"
        with target.open("wb") as file:
            np.save(file, array, allow_pickle=False)
        files[name] = {
            "shape": list(array.shape),
            "dtype": array.dtype.str,
            "bytes": target.stat().st_size,
            "sha256": _digest(target),
        }
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "config": asdict(config),
        "now": state.history.now,
        "unknown_logit": state.unknown_logit,
        "content": [column.name for column in state.listings.content],
        "files": files,
    }
    partial = path / f"{MANIFEST}.part"
    partial.write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    partial.replace(path / MANIFEST)


def load_state(path: Path, *, verify: bool = True) -> tuple[State, RecommenderConfig]:
    """Map a state back from its folder.

    Parameters
    ----------
    path : Path
    verify : bool
        False compares only the sizes of the files with the manifest, not their digests: for the second and later
        workers on one machine.

    Raises
    ------
    ForeignModelError
        There is no manifest, or it is not one of this format and version.
    DamagedModelError
        A file is missing, or differs from what the manifest says.
    """
    manifest = _read_manifest(path)
    try:
        arrays = {name: _mapped(path, name, entry, verify) for name, entry in manifest["files"].items()}
        config = RecommenderConfig(**manifest["config"])
        return _state_from(manifest, arrays), config
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedModelError(f"the manifest of {path} is incomplete: {error}") from None


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        raise ForeignModelError(f"{path} holds no {MANIFEST}") from None
    except ValueError:
        raise DamagedModelError(f"{MANIFEST} of {path} is not readable") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ForeignModelError(f"{path} was not written by this package")
    if manifest.get("version") != VERSION:
        raise ForeignModelError(f"{path} has version {manifest.get('version')!r}, this package reads {VERSION}")
    return manifest


def _mapped(path: Path, name: str, entry: Mapping[str, Any], verify: bool) -> NDArray[Any]:
    """Map one array after comparing its file with the manifest."""
    target = path / f"{name}.npy"
    if not target.is_file():
        raise DamagedModelError(f"{target} is missing")
    if target.stat().st_size != entry["bytes"]:
        raise DamagedModelError(f"{target} has {target.stat().st_size} bytes, not {entry['bytes']}")
    if verify and _digest(target) != entry["sha256"]:
        raise DamagedModelError(f"{target} was changed after it was written")
    try:
        # An empty array has no bytes to map.
        array: NDArray[Any] = np.load(target, mmap_mode="r" if 0 not in entry["shape"] else None, allow_pickle=False)
    except (ValueError, OSError):
        raise DamagedModelError(f"{target} is not a readable array") from None
    if list(array.shape) != entry["shape"] or array.dtype.str != entry["dtype"]:
        raise DamagedModelError(f"{target} is not the array that the manifest describes")
    # A plain view answers faster than numpy's memmap class and keeps the mapping alive.
    return np.asarray(array)


def _digest(target: Path) -> str:
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _arrays_of(state: State) -> dict[str, NDArray[Any]]:
    arrays = {f"history_{name}": getattr(state.history, name) for name in HISTORY_ARRAYS}
    arrays |= {name: getattr(state, name) for name in STATE_ARRAYS}
    arrays |= {f"blend_{name}": getattr(state.blend, name) for name in BLEND_ARRAYS}
    arrays |= {"kinds_of_item": state.kinds.of_item, "kinds_levels": state.kinds.levels}
    arrays |= {"kinds_shares": state.kinds.shares}
    arrays |= {"users": _stored_ids(state.users), "items": _stored_ids(state.items), "areas": _stored_ids(state.areas)}
    listings = state.listings
    arrays |= {"benefit": listings.benefit, "severity": listings.severity}
    columns = {f"content_{place}": column for place, column in enumerate(listings.content)}
    columns |= {name: column for name in ("seller", "area") if (column := getattr(listings, name)) is not None}
    for name, column in columns.items():
        arrays |= {
            f"{name}_levels": _stored_ids(column.levels),
            f"{name}_edges": column.edges,
            f"{name}_codes": column.codes,
        }
    return arrays


def _state_from(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> State:
    items = _read_ids(arrays["items"])

    def column(key: str, name: str) -> Column:
        return Column(name, _read_ids(arrays[f"{key}_levels"]), arrays[f"{key}_edges"], arrays[f"{key}_codes"])

    listings = Listings(
        benefit=arrays["benefit"],
        severity=arrays["severity"],
        seller=column("seller", "seller") if "seller_codes" in arrays else None,
        area=column("area", "area") if "area_codes" in arrays else None,
        content=tuple(column(f"content_{place}", name) for place, name in enumerate(manifest["content"])),
    )
    history = History(now=manifest["now"], n_items=len(items), **{name: arrays[f"history_{name}"] for name in HISTORY_ARRAYS})
    return State(
        users=_read_ids(arrays["users"]),
        items=items,
        areas=_read_ids(arrays["areas"]),
        history=history,
        listings=listings,
        blend=Blend(**{name: arrays[f"blend_{name}"] for name in BLEND_ARRAYS}),
        kinds=Kinds(arrays["kinds_of_item"], arrays["kinds_levels"], arrays["kinds_shares"]),
        unknown_logit=manifest["unknown_logit"],
        **{name: arrays[name] for name in STATE_ARRAYS},
    )


def _stored_ids(ids: IdMap) -> NDArray[Any]:
    """Return ids as an array without Python objects: as they are, or as the bytes of a JSON list."""
    if ids.values.dtype.kind != "O":
        return ids.values
    text = json.dumps([_tagged(value) for value in ids.values.tolist()])
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _read_ids(array: NDArray[Any]) -> IdMap:
    if array.dtype != np.uint8:
        return IdMap(array)
    try:
        return IdMap([_untagged(value) for value in json.loads(array.tobytes())])
    except ValueError:
        raise DamagedModelError("the ids of a saved model are not readable") from None


def _tagged(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return {"uuid": value.hex}
    if isinstance(value, tuple):
        return {"tuple": [_tagged(part) for part in value]}
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    raise UnsavableIdError(f"an id of type {type(value).__name__} cannot be saved; use an int, a str or a UUID")


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        if "uuid" in value:
            return uuid.UUID(value["uuid"])
        return tuple(_untagged(part) for part in value["tuple"])
    return value
