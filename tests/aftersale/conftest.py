"""A purchase in the test's own transaction."""

import pytest
from sqlalchemy.orm import Session

from tests.aftersale.sale import Sale


@pytest.fixture
def sale(session: Session) -> Sale:
    return Sale()
