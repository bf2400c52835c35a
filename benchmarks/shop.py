"""A shop for benchmarks of buying: sellers, listings of two lots, buyers with tokens and filled baskets, a web server."""

import hashlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from marketplace.catalogue.models import Category, Listing, Producer, ProducerKind, Product, Unit
from marketplace.catalogue.service import Offer, add_harvest, create_listing, publish
from marketplace.catalogue.yield_states import YieldAction
from marketplace.catalogue.yields import decide_yield, declare_yield
from marketplace.identity.models import AccessToken, Account, Role, RoleKind
from marketplace.kernel import ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.processes import ending_with_parent
from marketplace.orders.models import Basket, BasketLine
from marketplace.regions.models import Area
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach

ROOT = Path(__file__).resolve().parents[1]
VILLAGE, COUNTY = "522636100001", "522636"
PRICE_FEN = 1000
# Ten thousand tonnes.
MOST_G = 10**10
WORKERS = 2
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Goods:
    """A listing as a buyer names it."""

    id: int
    public_id: str


@dataclass(frozen=True)
class Buyer:
    """Somebody with a token and an open basket."""

    token: str
    basket: str


class Shop:
    """Two farms in one village; what they sell costs 10 yuan a box."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        with transaction():
            for code in (VILLAGE[:2], VILLAGE[:4], COUNTY, VILLAGE[:9], VILLAGE):
                parent = {4: 2, 6: 4, 9: 6, 12: 9}.get(len(code))
                parent_code = code[:parent] if parent else None
                db.session.add(Area(code=code, parent_code=parent_code, name=code, valid_from=date(2020, 1, 1)))
                db.session.flush()
            shelf = Category(slug="fruit", name_zh="水果", name_en="Fruit", art="apple-red", position=1)
            db.session.add(shelf)
            db.session.flush()
            self.product = Product(slug="apple", category_id=shelf.id, name_zh="苹果", name_en="Apple", art="apple-red")
            households = [Household(code=f"{VILLAGE}{n:04d}", village_code=VILLAGE, created_at=now) for n in range(2)]
            db.session.add_all([self.product, *households])
            db.session.flush()
            self.farms = [
                Producer(
                    kind=ProducerKind.HOUSEHOLD,
                    name_zh=f"农家{number}号",
                    name_en=f"Farm {number}",
                    area_code=VILLAGE,
                    household_id=household.id,
                    created_at=now,
                )
                for number, household in enumerate(households)
            ]
            db.session.add_all(self.farms)
            db.session.flush()
            for household in households:
                self._declare(household)

    def _declare(self, household: Household) -> None:
        """More apples than anybody asks for here, so that the balance of grams is looked up and refuses nothing."""
        season = local_day(self.now).year
        row = declare_yield(
            household.id, self.product, season, harvest_g=MOST_G, own=True, actor=household.public_id, now=self.now
        )
        reach = Reach.everywhere("a measurement")
        decide_yield(row.public_id, YieldAction.CONFIRM, "weighed", reach, actor="benchmark", now=self.now)

    def stock(self, number: int, units: int) -> list[Goods]:
        """New listings of both farms in turn, with so many boxes each in two lots."""
        offer = Offer(self.product, "苹果", "Apples", Unit.BOX, 1500, PRICE_FEN)
        made = []
        for at in range(number):
            with transaction():
                farm = self.farms[at % 2]
                listing = create_listing(farm, offer, actor="benchmark", now=self.now)
                publish(listing, actor="benchmark", now=self.now)
                older = units // 2
                for quantity in (older, units - older):
                    grams = {farm.household_id: quantity * 1500}
                    day = local_day(self.now)
                    add_harvest(listing, Decimal(quantity), day, grams, actor="benchmark", now=self.now)
                made.append(Goods(listing.id, listing.public_id))
        return made

    def buyers(self, baskets: Sequence[dict[int, int]]) -> list[Buyer]:
        """As many new buyers as baskets (quantities by listing id), each with a token."""
        now, number = self.now, len(baskets)
        tokens = [secrets.token_urlsafe(32) for _ in range(number)]
        publics, names = ids.public_ids(number), ids.public_ids(number)
        with transaction():
            rows = [
                {"public_id": name, "login": f"buyer-{name}", "display_name": "买家", "active": True, "created_at": now}
                for name in names
            ]
            db.session.execute(insert(Account), rows)
            known = dict(db.session.execute(select(Account.public_id, Account.id)).all())
            accounts = [known[name] for name in names]
            consumer = {"kind": RoleKind.CONSUMER, "scope_code": ""}
            db.session.execute(insert(Role), [{"account_id": account, **consumer} for account in accounts])
            life = {"created_at": now, "expires_at": now + timedelta(hours=12)}
            digests = [hashlib.sha256(token.encode()).digest() for token in tokens]
            tokens_of = zip(accounts, digests, strict=True)
            db.session.execute(
                insert(AccessToken), [{"account_id": own, "digest": digest, **life} for own, digest in tokens_of]
            )
            moments = {"created_at": now, "changed_at": now}
            opened = zip(accounts, publics, strict=True)
            db.session.execute(insert(Basket), [{"account_id": own, "public_id": public, **moments} for own, public in opened])
            known = dict(db.session.execute(select(Basket.public_id, Basket.id)).all())
            lines = [
                {"basket_id": known[public], "listing_id": listing, "quantity": quantity, "price_fen_shown": PRICE_FEN}
                for public, basket in zip(publics, baskets, strict=True)
                for listing, quantity in basket.items()
            ]
            if lines:
                db.session.execute(insert(BasketLine), lines)
        return [Buyer(token, public) for token, public in zip(tokens, publics, strict=True)]


def in_stock(goods: Sequence[Goods]) -> dict[int, Decimal]:
    """What listings say they have available."""
    rows = db.session.execute(select(Listing.id, Listing.available).where(Listing.id.in_([one.id for one in goods]))).all()
    db.session.rollback()
    return dict(rows)


class Program:
    """One keep-alive connection to the API."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, token: str, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> tuple[int, Any]:
        """Send one call; answers status and JSON."""
        sent = {"Authorization": f"Bearer {token}", **headers}
        text = None
        if body is not None:
            text, sent["Content-Type"] = json.dumps(body), "application/json"
        self.connection.request(method, f"/api/v1{path}", text, sent)
        answer = self.connection.getresponse()
        read = answer.read()
        return answer.status, json.loads(read) if read else None

    def check_out(self, buyer: Buyer, boxes: int) -> tuple[int, Any]:
        """Buy what is in the basket, under a key of its own."""
        body = {
            "basket": buyer.basket,
            "expected_total_fen": boxes * PRICE_FEN,
            "destination": {"recipient": "王小满", "phone": "13800138000", "area_code": COUNTY, "address": "南街 1 号"},
            "payment_method": "cash_on_delivery",
        }
        return self.call(buyer.token, "POST", "/checkout", body, **{"Idempotency-Key": secrets.token_hex(12)})


@contextmanager
def web_server(environ: dict[str, str], port: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The shop's web server as ``dev.py run`` starts it: granian with two workers."""
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers", str(WORKERS), "--blocking-threads", "4", "--no-ws", "--log-level", "warning", "wsgi:app"]
    with log.open("ab") as output:
        process = subprocess.Popen(words, env=environ, cwd=ROOT, stdout=output, stderr=output, preexec_fn=ending_with_parent())
    try:
        _wait(port, process, log)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the web server stopped: {log.read_text(errors='replace')[-2000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit("the web server did not answer")


def processor_s(root: int) -> float:
    """The processor seconds that a process and its children have used, those that have ended too."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            own = int(folder.name)
            parents.setdefault(int(fields[1]), []).append(own)
            used[own] = sum(int(ticks) for ticks in fields[11:15]) / _TICKS
    total, waiting = 0.0, [root]
    while waiting:
        one = waiting.pop()
        total += used.get(one, 0.0)
        waiting += parents.get(one, [])
    return total


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)
