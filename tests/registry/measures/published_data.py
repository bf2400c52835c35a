"""Where the published data sets and their answers lie, if they are on this machine."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

DATA = Path(os.environ.get("NONGQIAO_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
MPI = DATA / "poverty_mpi"
EUSILC = DATA / "poverty_eusilc"
WORKED = DATA / "poverty_worked_examples" / "examples.json"

needs_mpi = pytest.mark.skipif(not MPI.is_dir(), reason="the synthetic survey of the mpitb package is not here")
needs_eusilc = pytest.mark.skipif(not EUSILC.is_dir(), reason="the synthetic EU-SILC of the laeken package is not here")
needs_worked = pytest.mark.skipif(not WORKED.is_file(), reason="the collection of worked examples is not here")


def table(path: Path) -> np.ndarray:
    """A CSV file as one record for each row; text stays text, an empty field of numbers is nan."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return np.genfromtxt((line.replace('"', "") for line in file), delimiter=",", names=True, dtype=None, encoding="utf-8")


def worked_examples() -> dict:
    return json.loads(WORKED.read_text())
