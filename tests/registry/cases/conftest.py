"""The village that the tests of cases happen in."""

import pytest
from sqlalchemy.orm import Session

from tests.registry.cases.village import Village, make_village


@pytest.fixture
def place(session: Session) -> Village:
    """A village with its offices."""
    return make_village()
