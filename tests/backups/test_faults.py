"""Copying is cut off at every named place, by a failure and by the death of the process; the next round leaves one result."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marketplace.backups.copying import bases_in, forget_old, log_files_in, take_archive
from marketplace.backups.sealed_files import SUFFIX, open_file
from marketplace.kernel import steps
from marketplace.kernel.privacy import own_keys, use_keys
from tests.conftest import ROOT

DIED = 99
# Which work comes by which place; ``tests.backups.test_restoring`` cuts ``take_base``, which needs a server.
PLACES = {
    "take_base": ["backup.file_written", "backup.copied"],
    "take_archive": ["backup.file_written", "backup.log_sealed"],
    "forget_old": ["backup.base_forgotten"],
}
# One that does the work and dies at the place as by ``kill -9``: what it would have tidied up on the way out is left.
VICTIM = f"""
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from marketplace.backups.copying import forget_old, take_archive, take_base
from marketplace.kernel import steps
from marketplace.kernel.privacy import own_keys, use_keys
work, place, keys, home, folder = sys.argv[1], sys.argv[2], *map(Path, sys.argv[3:])
use_keys(own_keys(keys))
steps.arm(place, lambda: os._exit({DIED}))
{{
    "take_base": lambda: take_base(home, folder, now=datetime.now(UTC)),
    "take_archive": lambda: take_archive(home, folder),
    "forget_old": lambda: forget_old(folder, keep=2),
}}[work]()
"""


class Cut(BaseException):
    """The work ends here, and nothing catches it."""


def die(work: str, place: str, data_dir: Path, home: Path, folder: Path) -> None:
    """Have another process do the work and die at the place."""
    command = [sys.executable, "-c", VICTIM, work, place, *map(str, (data_dir, home, folder))]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == DIED


def fail(act: Callable[[], object], place: str) -> None:
    """Do the work in this process and fail at the place."""

    def cut() -> None:
        steps.disarm()
        raise Cut

    steps.arm(place, cut)
    with pytest.raises(Cut):
        act()


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    steps.disarm()


@pytest.fixture
def keys(data_dir: Path) -> Path:
    """The keys that the application of this run has as well."""
    use_keys(own_keys(data_dir))
    return data_dir


def base(folder: Path, day: int, first: int) -> None:
    (folder / "bases").mkdir(parents=True, exist_ok=True)
    (folder / "bases" / f"202601{day:02}T000000Z-{first:024X}.tar{SUFFIX}").write_bytes(b"x")


@pytest.mark.parametrize("place", PLACES["take_archive"])
@pytest.mark.parametrize("dies", [False, True], ids=["fails", "dies"])
def test_a_log_cut_off_while_it_is_sealed_is_there_once_after_the_next_round(
    keys: Path, tmp_path: Path, place: str, dies: bool
) -> None:
    aside, folder = tmp_path / "archive", tmp_path / "backups"
    aside.mkdir()
    base(folder, 1, 1)
    written = {f"{number:024X}": os.urandom(2000) for number in (1, 2)}
    for name, content in written.items():
        (aside / name).write_bytes(content)
    if dies:
        die("take_archive", place, keys, tmp_path, folder)
    else:
        fail(lambda: take_archive(tmp_path, folder), place)
    # Whatever was lost, the open file is there until the sealed one is.
    assert sorted(path.name for path in aside.iterdir()) == sorted(written)
    assert take_archive(tmp_path, folder) == 2
    assert list(aside.iterdir()) == []
    assert {path.name.removesuffix(SUFFIX): b"".join(open_file(path)) for path in log_files_in(folder)} == written
    assert sorted(path.name for path in (folder / "log").iterdir()) == [f"{name}{SUFFIX}" for name in written]


@pytest.mark.parametrize("dies", [False, True], ids=["fails", "dies"])
def test_forgetting_cut_off_between_a_copy_and_its_log_is_finished_by_the_next_round(
    keys: Path, tmp_path: Path, dies: bool
) -> None:
    for day, first in ((1, 2), (2, 5), (3, 9)):
        base(tmp_path, day, first)
    (tmp_path / "log").mkdir()
    for number in range(2, 12):
        (tmp_path / "log" / f"{number:024X}{SUFFIX}").write_bytes(b"x")
    if dies:
        die("forget_old", "backup.base_forgotten", keys, tmp_path, tmp_path)
    else:
        fail(lambda: forget_old(tmp_path, keep=2), "backup.base_forgotten")
    assert len(log_files_in(tmp_path)) == 10
    forget_old(tmp_path, keep=2)
    assert [base.first_log_file for base in bases_in(tmp_path)] == [f"{5:024X}", f"{9:024X}"]
    assert [path.name for path in log_files_in(tmp_path)] == [f"{number:024X}{SUFFIX}" for number in range(5, 12)]
