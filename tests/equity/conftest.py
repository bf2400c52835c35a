"""Every test acts inside one transaction, as a view does."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from marketplace.kernel.db import transaction


@pytest.fixture
def session(session: Session) -> Iterator[Session]:
    with transaction():
        yield session
