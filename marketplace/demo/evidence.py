"""Seasons, harvests to come and certificates in the demo, so that their pages have been lived in."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select

from marketplace.catalogue.certificates import (
    Paper,
    enter_indication,
    refuse_certificate,
    submit_certificate,
    verify_certificate,
)
from marketplace.catalogue.models import (
    CertificateKind,
    Indication,
    Listing,
    ListingState,
    Lot,
    LotContribution,
    Producer,
    Product,
)
from marketplace.catalogue.seasons import set_window
from marketplace.catalogue.service import add_harvest
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.documents import store_pdf

ACTOR = "demo"
# Names that are protected in earnest, each with the year and the announcement that says so.
_NAMES = Path(__file__).parent / "data" / "indications.csv"


def add_evidence(folder: Path, *, now: datetime) -> None:
    """Give the two sellers one can sign in as seasons, harvests to come and papers; the papers go into a folder."""
    farm, cooperative = _seller("farmer"), _seller("cooperative")
    day = local_day(now)
    own, theirs = _listings(farm), _listings(cooperative)
    _expect(own[0], 60, now + timedelta(days=12), now=now)
    _expect(theirs[0], 200, now + timedelta(days=25), now=now)
    set_window(own[1], day + timedelta(days=9), day + timedelta(days=54), actor=ACTOR, now=now)
    set_window(theirs[1], day - timedelta(days=20), day + timedelta(days=21), actor=ACTOR, now=now)
    lot = db.session.scalars(select(Lot).filter_by(listing_id=own[0].id, expected=False).order_by(Lot.id.desc())).first()
    papers = _Papers(folder, now)
    verify_certificate(papers.hand_in(farm, CertificateKind.GREEN, "DEMO-LB-0042", until=200), actor=ACTOR, now=now)
    if lot is not None:
        report = papers.hand_in(farm, CertificateKind.TEST_REPORT, "DEMO-R-0107", until=90, lot_public_id=lot.public_id)
        verify_certificate(report, actor=ACTOR, now=now)
    verify_certificate(
        papers.hand_in(cooperative, CertificateKind.POLLUTION_FREE, "DEMO-WG-0311", until=20), actor=ACTOR, now=now
    )
    for indication in _enter_names(now):
        grower = _grower(indication)
        if grower is not None:
            paper = papers.hand_in(
                grower, CertificateKind.INDICATION, "DEMO-GI-0016", until=400, indication_public_id=indication.public_id
            )
            verify_certificate(paper, actor=ACTOR, now=now)
    papers.hand_in(cooperative, CertificateKind.ORGANIC, "DEMO-OC-0008", until=320)
    refused = papers.hand_in(farm, CertificateKind.ORGANIC, "DEMO-OC-9999", until=150)
    refuse_certificate(refused, "证书编号查不到，请核对后重新提交。", actor=ACTOR, now=now)


def _enter_names(now: datetime) -> list[Indication]:
    """Enter the protected names of the kinds of goods that the shop sells."""
    sold = set(db.session.scalars(select(Product.slug)))
    with _NAMES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in sold]
    return [enter_indication(row["name_zh"], row["name_en"], row["kind"], row["area"], actor=ACTOR, now=now) for row in rows]


def _grower(indication: Indication) -> Producer | None:
    """Who has goods of a protected kind from inside its area on sale, those that sell best first."""
    on_sale = select(Producer).join(Listing, Listing.producer_id == Producer.id).where(Listing.state == ListingState.ON_SALE)
    inside = Producer.area_code.startswith(indication.area_code, autoescape=True)
    grown = on_sale.where(Listing.product_id == indication.product_id, inside)
    return db.session.scalars(grown.order_by(Listing.rank.desc(), Listing.id).limit(1)).first()


def _seller(login: str) -> Producer:
    return db.session.scalars(
        select(Producer).join(Account, Account.id == Producer.account_id).where(Account.login == login)
    ).one()


def _listings(producer: Producer) -> Sequence[Listing]:
    """What a seller has on sale, what sells best first."""
    on_sale = select(Listing).filter_by(producer_id=producer.id, state=ListingState.ON_SALE)
    return db.session.scalars(on_sale.order_by(Listing.rank.desc(), Listing.id).limit(4)).all()


def _expect(listing: Listing, cap: int, harvest: datetime, *, now: datetime) -> None:
    """Offer a harvest to come, of the households that brought the last one and in their proportion."""
    last = select(Lot.id).filter_by(listing_id=listing.id).order_by(Lot.id.desc()).limit(1).scalar_subquery()
    brought = db.session.execute(select(LotContribution.household_id, LotContribution.grams).filter_by(lot_id=last)).all()
    whole = sum(row.grams for row in brought)
    weight_g = cap * listing.unit_grams
    grams = {row.household_id: -(-row.grams * weight_g // whole) for row in brought}
    add_harvest(listing, Decimal(cap), local_day(harvest), grams, expected=True, actor=ACTOR, now=now)


class _Papers:
    """Papers that say of themselves that they are none, handed in a week ago."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder, self._now = folder, now

    def hand_in(self, producer: Producer, kind: CertificateKind, number: str, *, until: int, **more: str) -> str:
        """Hand one in that is valid for so many days more, for ``lot_public_id`` or under ``indication_public_id`` if given."""
        day = local_day(self._now)
        paper = Paper(
            kind=kind,
            number=number,
            issuer="演示发证机构",
            valid_from=day - timedelta(days=60),
            valid_to=day + timedelta(days=until),
            file_kind="pdf",
            file_name=store_pdf(_paper(f"Demo paper {number}. Not a real certificate."), self._folder),
            **more,
        )
        return submit_certificate(producer, paper, actor=ACTOR, now=self._now - timedelta(days=7)).public_id


def _paper(line: str) -> bytes:
    """A PDF of one page with one line of plain letters, written out by hand."""
    drawing = f"BT /F1 18 Tf 72 760 Td ({line}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(written))
    return written + head + table + trailer
