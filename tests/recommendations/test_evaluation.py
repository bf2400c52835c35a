"""The recommender is judged on the shop's own purchases, by one command."""

import csv
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from marketplace.catalogue.models import Listing
from marketplace.cli import recommending
from marketplace.cli.root import cli
from marketplace.kernel.db import transaction
from marketplace.recommendations import evaluation
from marketplace.recommendations.models import EventKind
from marketplace.recommendations.service import record_event, set_personalised
from recommender.peers import PEERS
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("session")


def a_shop(consumers: int = 30, registered_every: int = 4) -> list[Listing]:
    """Twenty-four listings, and consumers who have come back every four days for twelve weeks."""
    generator = np.random.default_rng(1)
    listings = []
    with transaction():
        for number in range(24):
            seller = factories.producer(registered=bool(registered_every) and number % registered_every == 0)
            listings.append(factories.listing(seller))
        for reader in [factories.account() for _ in range(consumers)]:
            taste = generator.choice(24, size=5, replace=False)
            for days_ago in range(1, 85, 4):
                listing = listings[int(generator.choice(taste))]
                record_event(reader, listing.id, EventKind.PURCHASE, now=NOW - timedelta(days=days_ago))
    return listings


def test_all_methods_are_compared_at_the_same_share_on_the_weeks_that_were_hidden() -> None:
    a_shop()
    said: list[str] = []
    found = evaluation.evaluate_shop([0.4], 2, now=NOW, say=said.append)
    assert [row.method for row in found.rows] == ["untilted", "tilt", "tilt, guard .8", *(peer.name for peer in PEERS)]
    assert all(abs(row.exposure_share - 0.4) < 0.02 for row in found.rows[1:3])
    # Consumers come back to five of 24 goods; a list of ten that knew nothing would find 10 / 24 of them.
    assert found.rows[0].recall > 0.9
    assert said[0] == "  630 events of 30 consumers on 24 listings"
    assert sum("P-MMF" in line for line in said) == 2


def test_events_of_the_hidden_weeks_teach_nothing() -> None:
    listings = a_shop()
    before = evaluation.evaluate_shop([0.4], 1, now=NOW, say=lambda _: None)
    with transaction():
        # What a consumer of those weeks alone buys changes no list of the others.
        newcomer = factories.account()
        record_event(newcomer, listings[0].id, EventKind.PURCHASE, now=NOW - timedelta(days=2))
    after = evaluation.evaluate_shop([0.4], 1, now=NOW, say=lambda _: None)
    assert [row.ndcg for row in after.rows] == [row.ndcg for row in before.rows]


def test_consumers_who_switched_personalisation_off_are_not_looked_at() -> None:
    a_shop(consumers=evaluation.LEAST_CONSUMERS)
    with transaction():
        reader = factories.account()
        set_personalised(reader, False, now=NOW)
        record_event(reader, factories.listing().id, EventKind.PURCHASE, now=NOW)
    said: list[str] = []
    evaluation.evaluate_shop([0.4], 1, now=NOW, say=said.append)
    assert "of 20 consumers on 24 listings" in said[0]


@pytest.mark.parametrize(
    ("consumers", "registered_every", "reason"),
    [
        (0, 4, "nothing has been bought yet"),
        (3, 4, "only 3 consumers bought in the last 28 days and were known before; at least 20 are needed"),
        (30, 0, "none is, so there is nothing to tilt"),
        (30, 1, "all goods are of registered households"),
    ],
)
def test_a_shop_that_cannot_be_judged_says_of_what_it_has_too_little(consumers, registered_every, reason) -> None:
    a_shop(consumers, registered_every)
    with pytest.raises(evaluation.CannotEvaluate, match=reason):
        evaluation.evaluate_shop([0.4], 1, now=NOW, say=lambda _: None)


@pytest.fixture
def command(app, monkeypatch):
    """The command, over the test's own transaction."""

    class Here:
        def __enter__(self):
            return app

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(recommending, "application", Here)
    monkeypatch.setattr(recommending.clock, "now", lambda: NOW)
    return lambda *words: CliRunner().invoke(cli, ["recommender", "evaluate", *words])


def test_the_command_prints_the_table_and_writes_the_picture_and_the_figures(command, tmp_path: Path) -> None:
    a_shop()
    done = command("--targets", "0.3,0.4", "--out", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "FairSync" in done.output and "exposure share 0.40: tilt, guard .8" in done.output
    assert f"written: {tmp_path / 'frontier.csv'}, {tmp_path / 'frontier.svg'}" in done.output
    rows = list(csv.DictReader((tmp_path / "frontier.csv").read_text().splitlines()))
    assert [row["target"] for row in rows].count("0.3") == 2 + len(PEERS)
    assert ElementTree.parse(tmp_path / "frontier.svg").getroot().tag.endswith("svg")


def test_the_command_ends_with_a_message_and_status_1_where_there_is_too_little(command) -> None:
    done = command()
    assert (done.exit_code, done.output) == (1, "Error: nothing has been bought yet, so there is nothing to judge by\n")


@pytest.mark.parametrize("written", ["0.2;0.3", "1.5", "", "nan", "-0.1,0.2"])
def test_the_command_refuses_targets_that_are_no_shares(command, written: str) -> None:
    done = command("--targets", written)
    assert done.exit_code == 2
    assert "must be numbers between 0 and 1" in done.output
