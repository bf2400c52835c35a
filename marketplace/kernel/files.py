"""Files that are whole or absent, also after a crash."""

import os
import secrets
from datetime import datetime
from pathlib import Path


def write_whole(content: bytes, place: Path) -> None:
    """Write a file so that a reader finds all of it or nothing, also where several write the same at once."""
    missing = [folder for folder in place.parents if not folder.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        _sync(folder.parent)
    partial = place.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        partial.write_bytes(content)
        put_in_place(partial, place)
    finally:
        partial.unlink(missing_ok=True)


def store_whole(content: bytes, place: Path) -> None:
    """As ``write_whole``, for a file that is named by its content: one that is there is only marked as stored now."""
    try:
        os.utime(place)
    except FileNotFoundError:
        write_whole(content, place)


def stored_before(path: Path, moment: datetime) -> bool:
    """Whether a file was last stored before a moment; False for one that is gone."""
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False


def put_in_place(partial: Path, place: Path) -> None:
    """Give a finished file or folder its name, after everything in it has reached the disk.

    A reader of ``place`` finds the whole thing or nothing. A folder must not exist there yet.
    """
    for path in [*(partial.rglob("*") if partial.is_dir() else ()), partial]:
        _sync(path)
    partial.rename(place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_once(path: Path, text: str) -> str:
    """Write a file that only its owner reads, unless it is there; answers what is in it, whoever of several came first."""
    if not path.exists():
        made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link appears whole or not at all, and of two processes that start at once the first one's stays.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text()
