"""What every command stands on: the group they belong to, and the application over the configured database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask

from marketplace.config import Settings, SettingsError
from marketplace.kernel import embedded_postgres, logs
from marketplace.web.application import create_app


@contextmanager
def application() -> Iterator[Flask]:
    """The application over the configured database, inside its context."""
    server = None
    data_dir = Path(os.environ.setdefault("NONGQIAO_DATA_DIR", "var"))
    try:
        if not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = url = embedded_postgres.running_url(data_dir, "nongqiao") or ""
            if not url:
                server = embedded_postgres.start(data_dir, say=click.echo)
                server.create_database("nongqiao")
                os.environ["DATABASE_URL"] = server.url("nongqiao")
        app = create_app(Settings.from_env())
        with app.app_context():
            yield app
    except (SettingsError, embedded_postgres.ServerWillNotStart) as error:
        raise click.ClickException(str(error)) from error
    finally:
        if server is not None:
            server.stop()


@click.group()
def cli() -> None:
    """Manage Nongqiao."""
    logs.begin()
