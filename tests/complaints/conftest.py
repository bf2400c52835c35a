"""Every test of the service acts inside one transaction, as a view does; those of pages leave that to the pages."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.limits import CallAllowance


@pytest.fixture
def acting(session: Session) -> Iterator[Session]:
    with transaction():
        yield session


@pytest.fixture
def calls_forgotten(session: Session) -> None:
    """Tries are counted on a connection of their own and outlive the test that made them; those of others are forgotten."""
    with db.engine.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(delete(CallAllowance))
