"""Published records that tests are held to. They come in packages whose code wants older ones than ours: these live apart."""

from pathlib import Path

import pytest

from tests.conftest import EVERY_TEST, ROOT


def published(package: str, path: str) -> Path:
    """A file of a package in ``.venv-records``; the test is skipped where it is not installed, and fails where all must run."""
    found = next((ROOT / ".venv-records").glob(f"lib/python3*/site-packages/{package}/{path}"), None)
    if found is None:
        assert not EVERY_TEST, ".venv-records is missing"
        pytest.skip(f"the published records of {package} are not installed in .venv-records")
    return found
