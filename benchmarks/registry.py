"""The registry at one county's size and at half a million households: how long pages, searches and counts take, in one run.

``.venv/bin/python -m benchmarks.registry [--households 500000] [--seconds 8] [--clients 2] [--only-county]`` fills a database
of its own (PostgreSQL with fsync on) with Danzhai as the demo has it, asks the running site (granian, two workers) as officers
of the prefecture do, and does the same again with so many households in all villages of the prefecture. It prints p50 and p95
in milliseconds, the processor's milliseconds for each request (site and database together), which say more where others use the
machine too, the ratios of the two sizes, and which goals were kept. Every reading and every search is logged, as always;
only the number of searches an officer may make is raised. All traffic stays on the loopback address, and the clients run on the
same machine, so figures are comparable only within a run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
import time
import urllib.parse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import psycopg
from flask_migrate import upgrade
from sqlalchemy import select

from benchmarks.pages import Client
from benchmarks.shop import processor_s, web_server
from marketplace.config import Settings
from marketplace.demo.accounts import PASSWORD
from marketplace.demo.households.county import HOUSEHOLDS, PERSONS, make_county
from marketplace.demo.households.identities import id_numbers
from marketplace.demo.households.loading import add_files, add_households
from marketplace.demo.households.offices import add_officers, login_of
from marketplace.demo.places import DANZHAI, load_places, places_in
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.registry.files import read_file
from marketplace.registry.filing import check_number_is_free
from marketplace.registry.models import Household, RuleChange
from marketplace.web.application import create_app

PREFECTURE = "5226"
PORT = 5998
SAMPLE = 400
# The p95 in milliseconds at the county's size and at full size.
GOALS = {
    "start": (150, 300),
    "list of a village": (150, 300),
    "search by code": (150, 300),
    "search by number": (150, 300),
    "search by name": (150, 300),
    "file": (150, 300),
    "county, counted": (1000, 1000),
    "number on file?": (50, 50),
}


@dataclass(frozen=True)
class Times:
    """Milliseconds: the median, what one in twenty exceeds, and the processor's for one of them (0 where it was not taken)."""

    middle: float
    slow: float
    processor: float = 0.0


@dataclass(frozen=True)
class Request:
    """What is asked for; with ``word`` it is a search."""

    path: str
    word: str = ""


@dataclass(frozen=True)
class Known:
    """Of some households taken at random: the addresses of their files, and how one would look for them."""

    public_ids: Sequence[str]
    codes: Sequence[str]
    numbers: Sequence[str]
    names: Sequence[str]


def main() -> None:
    """Fill, measure, fill more, measure again, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--only-county", action="store_true", help="leave out the full size")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = embedded_postgres.start(Path(folder), say=lambda _: None)
        try:
            small = one_size(server, Path(folder), "county", DANZHAI, HOUSEHOLDS, PERSONS, options)
            show(small, {})
            large = {}
            if not options.only_county:
                persons = options.households * PERSONS // HOUSEHOLDS
                large = one_size(server, Path(folder), "prefecture", PREFECTURE, options.households, persons, options)
        finally:
            server.stop()
            # Run as root, the server keeps its files elsewhere, and half a million households are ten gigabytes.
            shutil.rmtree(server.home, ignore_errors=True)
    if large:
        show(small, large)


def one_size(
    server: embedded_postgres.Server,
    folder: Path,
    name: str,
    area: str,
    households: int,
    persons: int,
    options: argparse.Namespace,
) -> dict[str, Times]:
    """Fill a database and measure everything in it."""
    server.create_database(name)
    environ = {
        "DATABASE_URL": server.url(name),
        "NONGQIAO_DATA_DIR": str(folder),
        "SECRET_KEY": "a key for one measurement",
        "OFFICER_SECOND_FACTOR": "offered",
        "API_CALLS_PER_MINUTE": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    with create_app(Settings.from_env(environ)).app_context():
        upgrade()
        known = fill(area, households, persons)
        db.session.remove()
        db.engine.dispose()
    with psycopg.connect(server.url(name).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        print(f"  {row[0] if row else '?'} in the database", flush=True)
    with create_app(Settings.from_env(environ)).app_context():
        results = asked_directly(known)
        db.session.remove()
        db.engine.dispose()
    with web_server({**os.environ, **environ}, PORT, folder / "granian.log") as process:
        clients = [signed_in(login_of(PREFECTURE, 1 + number % 2)) for number in range(options.clients)]
        for what, requests in asked_for(known).items():
            measure(requests, clients, 2)
            used_s = processor_s(process.pid) + processor_s(server.process.pid)
            times = measure(requests, clients, options.seconds)
            used_s = processor_s(process.pid) + processor_s(server.process.pid) - used_s
            results[what] = replace(_summary(times), processor=used_s / len(times) * 1000)
    return results


def fill(area: str, households: int, persons: int) -> Known:
    """Make and load a registry; answers what is known of a part of it."""
    began, used, now = time.monotonic(), time.process_time(), clock.now()
    villages = places_in(area)
    with transaction():
        load_places()
        county = make_county(sorted(villages), local_day(now), households=households, persons=persons)
        made_s = time.monotonic() - began
        add_households(county.plans, "benchmark", opened_at=now, now=now)
        officers = add_officers(villages, PASSWORD, now=now)
        add_files(county, villages, officers, now=now)
        for rule in ("searches_an_hour", "searches_a_day"):
            db.session.add(
                RuleChange(
                    name=rule,
                    area_code=PREFECTURE[:2],
                    begins_on=local_day(now),
                    value=10**9,
                    source="a measurement",
                    set_by_id=officers[PREFECTURE][0],
                    set_at=now,
                )
            )
    print(
        f"{households:,} households with {persons:,} persons: made in {made_s:.1f} s, on file after"
        f" {time.monotonic() - began:.1f} s ({time.process_time() - used:.1f} s of this process)",
        flush=True,
    )
    rng = np.random.default_rng(1)
    chosen = rng.choice(households, size=min(SAMPLE, households), replace=False)
    codes = [county.codes[at] for at in chosen]
    found = dict(db.session.execute(select(Household.code, Household.public_id).where(Household.code.in_(codes))).all())
    heads = county.families.heads[chosen]
    numbers = [county.id_numbers[at] for at in heads]
    return Known([found[code] for code in codes], codes, numbers, [county.name(at) for at in heads])


def asked_directly(known: Known) -> dict[str, Times]:
    """What a page asks of the registry, without the page: whether a number is on file, and a whole file."""
    nobodys = id_numbers(np.full(SAMPLE, "1900-01-01", "datetime64[D]"), np.ones(SAMPLE, bool))
    times, taken = [], 0
    for number in (*known.numbers, *nobodys):
        began = time.perf_counter()
        try:
            check_number_is_free(number)
        except Conflict:
            taken += 1
        times.append((time.perf_counter() - began) * 1000)
    if taken != len(known.numbers):
        raise SystemExit(f"{taken} of {len(known.numbers)} numbers were found on file")
    query = select(Household).where(Household.public_id.in_(known.public_ids))
    files = []
    for household in db.session.scalars(query).all():
        began = time.perf_counter()
        read_file(household, local_day(clock.now()).year)
        files.append((time.perf_counter() - began) * 1000)
    return {"number on file?": _summary(times), "file, without a page": _summary(files)}


def asked_for(known: Known) -> dict[str, list[Request]]:
    """What officers ask the site for."""
    searches = {"code": known.codes, "number": known.numbers, "name": known.names}
    villages = sorted({code[:12] for code in known.codes})
    by = ("kind", "cause", "status", "income")
    return {
        "start": [Request("/office/files")],
        "list of a village": [Request(f"/office/files/village/{village}") for village in villages],
        **{f"search by {what}": [Request("/office/files/search", word) for word in words] for what, words in searches.items()},
        "file": [Request(f"/office/files/{public_id}") for public_id in known.public_ids],
        "county, counted": [Request(f"/office/files/roll-up?area={DANZHAI}&by={each}") for each in by],
        "prefecture, counted": [Request(f"/office/files/roll-up?area={PREFECTURE}&by={each}") for each in by],
    }


class Officer(Client):
    """A signed-in officer's connection."""

    token = ""

    def ask(self, request: Request) -> None:
        """Ask, and insist on an answer."""
        body = urllib.parse.urlencode({"csrf_token": self.token, "word": request.word}) if request.word else None
        status, text = self.request("POST" if request.word else "GET", request.path, body)
        if status != 200:
            raise SystemExit(f"{request.path} {request.word}: {status} {text[:200]}")


def signed_in(login: str) -> Officer:
    """An officer of the prefecture, with what searches are sent with."""
    officer = Officer(PORT)
    officer.post("/sign-in", "/sign-in", login=login, password=PASSWORD)
    _, text = officer.request("GET", "/office/files")
    token = re.search(r'name="csrf_token" value="([^"]+)"', text)
    if token is None:
        raise SystemExit(f"{login} sees no form to search with")
    officer.token = token.group(1)
    return officer


def measure(requests: Sequence[Request], clients: Sequence[Officer], seconds: float) -> list[float]:
    """Milliseconds of each request over some seconds of asking in turn, each client twenty times at least."""
    end = time.monotonic() + seconds

    def run(number: int) -> list[float]:
        taken: list[float] = []
        while time.monotonic() < end or len(taken) < 20:
            request = requests[(number * 97 + len(taken)) % len(requests)]
            began = time.perf_counter()
            clients[number].ask(request)
            taken.append((time.perf_counter() - began) * 1000)
        return taken

    with ThreadPoolExecutor(len(clients)) as pool:
        return [value for own in pool.map(run, range(len(clients))) for value in own]


def _summary(times: Sequence[float]) -> Times:
    return Times(median(times), quantiles(times, n=20)[-1])


def show(small: dict[str, Times], large: dict[str, Times]) -> None:
    """Print both sizes side by side, with their ratio and whether the goals were kept."""
    head = f"{'p50':>9}{'p95':>9}{'cpu':>9}"
    print(f"{'milliseconds':<24}{head}  {head if large else ''}")
    for what, county in small.items():
        line, pairs = f"{what:<24}{_columns(county)}", [county.slow]
        if what in large:
            line += f"  {_columns(large[what])}   p95 x {large[what].slow / county.slow:.2f}"
            pairs.append(large[what].slow)
        goals = GOALS.get(what, ())
        said = [f"< {goal}: {'kept' if found < goal else 'MISSED'}" for found, goal in zip(pairs, goals, strict=False)]
        print(f"{line}   {', '.join(said)}")


def _columns(times: Times) -> str:
    return f"{times.middle:>9.1f}{times.slow:>9.1f}{times.processor:>9.1f}"


if __name__ == "__main__":
    main()
