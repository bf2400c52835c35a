"""Every test of the service acts inside one transaction, as a view does; those of pages leave that to the pages."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from marketplace.kernel.db import transaction


@pytest.fixture
def acting(session: Session) -> Iterator[Session]:
    with transaction():
        yield session
