"""Requests per second and p95 of the shop's pages, at the demo's size and at 100,000 listings, in one run.

``.venv/bin/python -m benchmarks.pages [--listings 100000] [--seconds 8] [--clients 4]`` makes a shop of its own
(PostgreSQL with fsync on, granian with two workers), loads the demo, measures, grows the shop, trains again, measures
again and prints the ratios. Then it asks for suggestions and searches of hundreds of different words, and holds their p95
against their goals, beside what the same machine answers with a page that does nothing. ``--only-words`` leaves out the rest.
All traffic stays on the loopback address. The clients run on the same machine, so figures
are comparable only within a run.
"""

import argparse
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

import psycopg

from marketplace.catalogue.search_terms import syllables
from marketplace.demo.accounts import PASSWORD
from marketplace.kernel import embedded_postgres
from marketplace.kernel.processes import ending_with_parent

ROOT = Path(__file__).resolve().parents[1]
SEARCHES = ("苹果", "pingguo", "番茄", "potato", "西红柿", "lettuce", "香蕉", "mogu")
WORKERS = 2
# The p95 in milliseconds that words have to be answered in at full size.
GOALS = {"suggest": 50.0, "search words": 60.0}
# A page that says hello and asks nobody: the most that server, clients and machine can do together.
HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<!doctype html><title>hello</title>" + b" " * 24_000]
"""

# Every listing is sold again by the same producer under another id, with a lot of its own, until there are enough.
GROW = """
WITH copies AS (
    INSERT INTO listing (public_id, producer_id, product_id, title_zh, title_en, story_zh, story_en, unit, unit_grams,
        price_fen, state, season_weeks, search_terms, created_at, published_at, category_id, area_code, available,
        harvested_on, benefit_bp, rank)
    SELECT left(md5(random()::text || l.id || g), 14), producer_id, product_id, title_zh, title_en, '', '', unit, unit_grams,
        greatest(1, price_fen + (g %% 200) - 100), 'on_sale', season_weeks, search_terms, created_at, published_at, category_id,
        area_code, 20, current_date, benefit_bp, rank * (0.2 + random() * 0.6)
    FROM (SELECT * FROM listing ORDER BY id LIMIT %(base)s) l, generate_series(1, %(times)s) g
    RETURNING id, producer_id
), lots AS (
    INSERT INTO lot (public_id, listing_id, harvested_on, on_hand, created_at)
    SELECT left(md5(random()::text || id), 14), id, current_date, 20, now() FROM copies RETURNING id, listing_id
), harvests AS (
    INSERT INTO stock_movement (lot_id, kind, quantity, purpose_kind, purpose_id, at)
    SELECT id, 'harvest', 20, 'lot', id::text, now() FROM lots
)
INSERT INTO lot_contribution (lot_id, household_id, grams)
SELECT lots.id, coalesce(producer.household_id, (SELECT min(id) FROM household)), 20000
FROM lots JOIN copies ON copies.id = lots.listing_id JOIN producer ON producer.id = copies.producer_id
"""


class Client:
    """One keep-alive connection with a cookie."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = "locale=zh_Hans"

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """Send one request; answers status and text, and keeps the cookie that comes back."""
        headers = {"Cookie": self.cookie, "Accept-Language": "zh"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, urllib.parse.quote(path, safe="/?=&"), body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if cookie := answer.headers.get("Set-Cookie"):
            self.cookie = f"locale=zh_Hans; {cookie.split(';')[0]}"
        return answer.status, text

    def post(self, page: str, path: str, **fields: str) -> int:
        """Fill in a form of a page and send it."""
        _, text = self.request("GET", page)
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert token is not None, page
        status, _ = self.request("POST", path, urllib.parse.urlencode({"csrf_token": token.group(1), **fields}))
        return status


def measure(port: int, paths: list[str], clients: list[Client], seconds: float) -> tuple[float, float, float]:
    """Requests per second, median and p95 in milliseconds over some seconds of asking for the paths in turn."""
    end = time.monotonic() + seconds

    def run(number: int) -> list[float]:
        taken = []
        while time.monotonic() < end:
            path = paths[(number + len(taken)) % len(paths)]
            began = time.perf_counter()
            status, _ = clients[number].request("GET", path)
            assert status == 200, f"{path}: {status}"
            taken.append(time.perf_counter() - began)
        return taken

    with ThreadPoolExecutor(len(clients)) as pool:
        times = [value for own in pool.map(run, range(len(clients))) for value in own]
    return len(times) / seconds, median(times) * 1000, quantiles(times, n=20)[-1] * 1000


def pages_of(url: str) -> dict[str, list[str]]:
    """What is asked for under each name."""
    with psycopg.connect(url) as connection:
        slugs = [slug for (slug,) in connection.execute("SELECT slug FROM category ORDER BY position")]
        products = [
            public_id
            for (public_id,) in connection.execute(
                "SELECT public_id FROM listing WHERE available > 0 ORDER BY rank DESC LIMIT 200"
            )
        ]
    return {
        "home": ["/"],
        "list": [f"/c/{slug}" for slug in slugs],
        "search": [f"/search?q={word}" for word in SEARCHES],
        "product": [f"/p/{public_id}" for public_id in products],
        "checkout": ["/checkout"],
    }


def words_of(url: str) -> dict[str, list[str]]:
    """Started words for the search box and whole words for searches, in characters, pinyin and English: each another one."""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT name_zh, name_en FROM product ORDER BY md5(slug)").fetchall()
    started: list[str] = []
    whole: list[str] = []
    for name_zh, name_en in names:
        pinyin = "".join(syllables(name_zh))
        started += [name_zh[:1], name_zh[:2], pinyin[:2], pinyin[:4], name_en[:3]]
        whole += [name_zh, pinyin, name_en]
    return {
        "suggest": [f"/suggest?q={word}" for word in dict.fromkeys(started)],
        "search words": [f"/search?q={word}" for word in dict.fromkeys(whole)],
    }


def signed_in(port: int, url: str, count: int) -> list[Client]:
    """Clients of the demo's consumer with something in the basket."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT public_id FROM listing WHERE available > 5 ORDER BY rank DESC LIMIT 1").fetchone()
    assert row is not None
    clients = []
    for _ in range(count):
        client = Client(port)
        client.post("/sign-in", "/sign-in", login="consumer", password=PASSWORD)
        clients.append(client)
    clients[0].post("/basket", "/basket/lines", listing=row[0], quantity="1")
    return clients


def main() -> None:
    """Make the shop, measure, grow it, measure again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--only-words", action="store_true", help="measure suggestions and searches at full size alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = embedded_postgres.start(Path(folder), say=lambda _: None)
        try:
            server.create_database("pages")
            run(server, Path(folder), options)
        finally:
            server.stop()


def run(server: embedded_postgres.Server, folder: Path, options: argparse.Namespace) -> None:
    """The benchmark over a running database."""
    url = server.url("pages")
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "NONGQIAO_DATA_DIR": str(folder),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    for words in (["db", "upgrade"], ["demo", "load"], ["recommender", "train"]):
        command(environ, *words)
    small = {} if options.only_words else one_size(environ, plain, pages_of, options)
    with psycopg.connect(plain, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM listing").fetchone()
        assert row is not None
        connection.execute(GROW, {"base": row[0], "times": max(1, round(options.listings / row[0]) - 1)})
        connection.execute("VACUUM ANALYZE")
    command(environ, "recommender", "train")
    large = {} if options.only_words else one_size(environ, plain, pages_of, options)
    words = one_size(environ, plain, words_of, options)
    (folder / "hello.py").write_text(HELLO)
    hello = one_size({**environ, "PYTHONPATH": str(folder)}, plain, lambda _: {"hello": ["/"]}, options, "hello:app")["hello"]
    print(f"{'page':<10}{'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}   {'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}   p95 ratio")
    for name, (rate, middle, slow) in small.items():
        big_rate, big_middle, big_slow = large[name]
        print(
            f"{name:<10}{rate:>9.1f}{middle:>9.1f}{slow:>9.1f}   {big_rate:>9.1f}{big_middle:>9.1f}{big_slow:>9.1f}"
            f"   {big_slow / slow:.2f}"
        )
    print(f"{'words':<14}{'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}")
    for name, (rate, middle, slow) in {**words, "hello": hello}.items():
        goal = GOALS.get(name)
        verdict = "the machine's own limit" if goal is None else f"p95 < {goal:.0f} ms: {'kept' if slow < goal else 'MISSED'}"
        print(f"{name:<14}{rate:>9.1f}{middle:>9.1f}{slow:>9.1f}   {verdict}")


def command(environ: dict[str, str], *words: str) -> None:
    """Run a management command, quietly."""
    subprocess.run(
        [sys.executable, "-m", "marketplace.cli", *words], env=environ, cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )


def one_size(
    environ: dict[str, str],
    url: str,
    asked_for: Callable[[str], dict[str, list[str]]],
    options: argparse.Namespace,
    app: str = "wsgi:app",
) -> dict[str, tuple[float, float, float]]:
    """Start the web server, warm it up, measure everything asked for, stop it."""
    port = 5999
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers", str(WORKERS), "--blocking-threads", "4", "--no-ws", "--log-level", "error", app]
    process = subprocess.Popen(words, env=environ, cwd=ROOT, preexec_fn=ending_with_parent())
    try:
        wait(port)
        # Whom nobody knows, but for the pages of somebody's own.
        own = asked_for is pages_of
        clients = signed_in(port, url, options.clients) if own else [Client(port) for _ in range(options.clients)]
        results = {}
        for name, paths in asked_for(url).items():
            measure(port, paths, clients, 2)
            results[name] = measure(port, paths, clients, options.seconds)
        return results
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait(port: int) -> None:
    """Return when the server answers."""
    for _ in range(600):
        try:
            Client(port).request("GET", "/health")
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the web server did not answer")


if __name__ == "__main__":
    main()
