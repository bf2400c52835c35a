"""Files that are whole or absent, also after a crash."""

import os
from pathlib import Path


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
