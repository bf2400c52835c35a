"""How Alembic reaches the database and the models; run through ``python3 dev.py cli db``."""

from alembic import context
from flask import current_app

from marketplace import models  # noqa: F401  Loading it registers every table.
from marketplace.kernel.db import db
from marketplace.kernel.privacy import WrappedKey
from marketplace.kernel.types import UTCDateTime
from marketplace.registry.reading import unbounded


def included(thing: object, name: str | None, kind: str, reflected: bool, compared_to: object) -> bool:
    """Leave the job queue's own tables to its own schema."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our own column types as the plain ones they are in the database, so a migration needs none of our code."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, WrappedKey):
        return "sa.LargeBinary()"
    return False


def run() -> None:
    """Run the migrations in one transaction on one connection."""
    options = current_app.extensions["migrate"].configure_args
    with unbounded(db.engine.connect(), "a migration") as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_object=included,
            render_item=render_item,
            **{**options, "render_as_batch": False},
        )
        with context.begin_transaction():
            context.run_migrations()


run()
