"""Every command, gathered."""

from marketplace.cli import (
    backing_up,
    books,
    exchanging,
    forecasting,
    goods,
    people,
    recommending,
    registering,
    setting_up,
    working,
)
from marketplace.cli.root import cli

__all__ = [
    "backing_up",
    "books",
    "exchanging",
    "forecasting",
    "goods",
    "people",
    "recommending",
    "registering",
    "setting_up",
    "working",
]

if __name__ == "__main__":
    cli()
