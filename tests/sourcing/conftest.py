"""A canteen for each test."""

import pytest
from sqlalchemy.orm import Session

from tests.sourcing.world import Canteen


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()
