"""Certificates of goods and protected names of origin: handing them in, looking at them, and when they count."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.catalogue.models import (
    Certificate,
    CertificateKind,
    CertificateState,
    Indication,
    Listing,
    Lot,
    Producer,
    Product,
)
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.regions.queries import get_area

# The laws know none that runs longer; a later last day is a slip of the hand.
LONGEST_VALID = timedelta(days=366 * 10)
NOTICE = timedelta(days=30)


@dataclass(frozen=True)
class Paper:
    """What somebody says of a certificate and has stored of it."""

    kind: CertificateKind
    number: str
    issuer: str
    valid_from: date
    valid_to: date
    file_kind: str
    file_name: str
    lot_public_id: str | None = None
    indication_public_id: str | None = None


@dataclass(frozen=True)
class ShownCertificate:
    """A certificate as everybody reads it; ``lot`` is the public id of the one lot it is about, if it is about one."""

    kind: str
    number: str
    issuer: str
    valid_to: date
    lot: str | None
    name_zh: str | None
    name_en: str | None


def submit_certificate(producer: Producer, paper: Paper, *, actor: str, now: datetime) -> Certificate:
    """Hand in a certificate for the operator to look at; until then nobody is shown it.

    Raises
    ------
    Invalid
        When something of it cannot be right; ``outside_indication`` when the producer's village or goods are not those of the
        protected name.
    Conflict
        ``certificate_known`` when the same paper waits or counts already.
    """
    number, issuer = " ".join(paper.number.split()), " ".join(paper.issuer.split())
    if not 1 <= len(number) <= 60 or not 1 <= len(issuer) <= 80:
        raise Invalid("certificate_words", N_("Please give the number and the issuer as they stand on the paper."))
    if not paper.valid_from <= paper.valid_to <= paper.valid_from + LONGEST_VALID:
        raise Invalid("certificate_days", N_("The last day comes after the first, within ten years."))
    if paper.valid_to < local_day(now):
        raise Invalid("certificate_over", N_("This certificate is no longer valid."))
    lot = _own_lot(producer, paper.lot_public_id)
    indication = _indication_of(paper)
    if indication is not None:
        check_indication(producer, indication, lot)
    if _is_known(producer.id, paper.kind, number):
        raise Conflict("certificate_known", N_("You have handed in this certificate already."))
    made = Certificate(
        producer_id=producer.id,
        lot_id=lot.id if lot is not None else None,
        indication_id=indication.id if indication is not None else None,
        kind=paper.kind,
        number=number,
        issuer=issuer,
        valid_from=paper.valid_from,
        valid_to=paper.valid_to,
        file_kind=paper.file_kind,
        file_name=paper.file_name,
        submitted_at=now,
    )
    db.session.add(made)
    db.session.flush()
    audit.record("certificate.submitted", "certificate", made.public_id, actor=actor, at=now, kind=paper.kind)
    return made


def _own_lot(producer: Producer, public_id: str | None) -> Lot | None:
    if public_id is None:
        return None
    lot = db.session.scalars(
        select(Lot)
        .join(Listing, Listing.id == Lot.listing_id)
        .where(Lot.public_id == public_id, Listing.producer_id == producer.id)
    ).first()
    if lot is None:
        raise NotFound("lot_unknown", N_("There is no such harvest."))
    return lot


def _indication_of(paper: Paper) -> Indication | None:
    if paper.kind != CertificateKind.INDICATION:
        return None
    found = db.session.scalars(select(Indication).filter_by(public_id=paper.indication_public_id or "")).first()
    if found is None:
        raise Invalid("indication_missing", N_("Please choose the protected name."))
    return found


def check_indication(producer: Producer, indication: Indication, lot: Lot | None) -> None:
    """Refuse a protected name to whoever grows something else or somewhere else."""
    names = {"title": indication.name_zh, "title_zh": indication.name_zh, "title_en": indication.name_en}
    if not producer.area_code.startswith(indication.area_code):
        raise Invalid("outside_indication", N_("Your village lies outside the area of %(title)s."), **names)
    if lot is not None:
        kinds: Collection[int] = [db.session.get_one(Listing, lot.listing_id).product_id]
    else:
        kinds = db.session.scalars(select(Listing.product_id).filter_by(producer_id=producer.id)).all()
    if indication.product_id not in kinds:
        raise Invalid("outside_indication", N_("%(title)s is a name for other goods than yours."), **names)


def _is_known(producer_id: int, kind: CertificateKind, number: str) -> bool:
    return (
        db.session.scalar(
            select(Certificate.id)
            .filter_by(producer_id=producer_id, kind=kind, number=number)
            .where(Certificate.state != CertificateState.REFUSED)
        )
        is not None
    )


def verify_certificate(public_id: str, *, actor: str, now: datetime) -> bool:
    """Note that the operator has found a certificate with its issuer; False when that was done already.

    Raises
    ------
    Conflict
        ``certificate_refused`` when it has been refused.
    """
    certificate = _lock(public_id)
    if certificate.state == CertificateState.VERIFIED:
        return False
    _review(certificate, CertificateState.VERIFIED, "", actor, now)
    return True


def refuse_certificate(public_id: str, reason: str, *, actor: str, now: datetime) -> bool:
    """Refuse a certificate with a reason its producer reads; one that was verified is no longer shown.

    False when it had been refused already, whose reason stays.
    """
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= 200:
        raise Invalid("refusal_needs_reason", N_("Please give the reason in 1 to 200 characters."))
    certificate = _lock(public_id)
    if certificate.state == CertificateState.REFUSED:
        return False
    _review(certificate, CertificateState.REFUSED, reason, actor, now)
    return True


def _lock(public_id: str) -> Certificate:
    query = select(Certificate).filter_by(public_id=public_id).with_for_update().execution_options(populate_existing=True)
    certificate = db.session.scalars(query).first()
    if certificate is None:
        raise NotFound("certificate_unknown", N_("There is no such certificate."))
    return certificate


def _review(certificate: Certificate, state: CertificateState, reason: str, actor: str, now: datetime) -> None:
    if certificate.state == CertificateState.REFUSED:
        raise Conflict("certificate_refused", N_("This certificate has been refused. It can be handed in again."))
    certificate.state, certificate.refusal, certificate.reviewed_at = state, reason, now
    db.session.flush()
    audit.record(f"certificate.{state}", "certificate", certificate.public_id, actor=actor, at=now)


def counts_on(day: date) -> ColumnElement[bool]:
    """The condition that a certificate says something on a day: verified, and not before or after its days."""
    return and_(Certificate.state == CertificateState.VERIFIED, Certificate.valid_from <= day, Certificate.valid_to >= day)


def listing_certificates(day: date) -> ColumnElement[Any]:
    """What counts on a day for a ``Listing``'s goods, its producer's own and those of its lots in stock, as JSON."""
    which = or_(Certificate.lot_id.is_(None), and_(Lot.listing_id == Listing.id, Lot.on_hand > 0))
    return _shown(day).where(which).correlate(Listing).scalar_subquery()


def certificates_of_lot(lot: Lot, day: date) -> list[ShownCertificate]:
    """What counts on a day for one lot."""
    which = or_(Certificate.lot_id.is_(None), Certificate.lot_id == lot.id)
    of_lot = select(_shown(day).where(which).correlate(Listing).scalar_subquery()).select_from(Listing)
    return read_shown(db.session.scalar(of_lot.where(Listing.id == lot.listing_id)))


def certificates_of_listing(listing_id: int, day: date) -> list[ShownCertificate]:
    """What counts on a day for one listing's goods."""
    return read_shown(db.session.scalar(select(listing_certificates(day)).select_from(Listing).where(Listing.id == listing_id)))


def read_shown(found: Any) -> list[ShownCertificate]:
    """Certificates from the JSON of ``listing_certificates``."""
    return [
        ShownCertificate(kind, number, issuer, date.fromisoformat(valid_to), lot, name_zh, name_en)
        for kind, number, issuer, valid_to, lot, name_zh, name_en in found or ()
    ]


def _shown(day: date) -> Select[Any]:
    one = func.json_build_array(
        Certificate.kind,
        Certificate.number,
        Certificate.issuer,
        Certificate.valid_to,
        Lot.public_id,
        Indication.name_zh,
        Indication.name_en,
    )
    return (
        select(func.json_agg(aggregate_order_by(one, Certificate.kind, Certificate.id)))
        .select_from(Certificate)
        .outerjoin(Lot, Lot.id == Certificate.lot_id)
        .outerjoin(Indication, Indication.id == Certificate.indication_id)
        .where(Certificate.producer_id == Listing.producer_id, counts_on(day))
        # A protected name is that of one kind of goods, and of others its holder has nothing to say.
        .where(or_(Indication.id.is_(None), Indication.product_id == Listing.product_id))
    )


def certificates_of_producer(producer_id: int) -> Sequence[Certificate]:
    """All that a producer has handed in, newest first."""
    return db.session.scalars(select(Certificate).filter_by(producer_id=producer_id).order_by(Certificate.id.desc())).all()


def get_certificate(public_id: str) -> Certificate:
    """The certificate, or ``NotFound``."""
    certificate = db.session.scalars(select(Certificate).filter_by(public_id=public_id)).first()
    if certificate is None:
        raise NotFound("certificate_unknown", N_("There is no such certificate."))
    return certificate


def certificates_to_review(*, limit: int = 50) -> list[Any]:
    """What waits for the operator, the oldest first, as (certificate, producer)."""
    query = select(Certificate, Producer).join(Producer, Producer.id == Certificate.producer_id)
    waiting = query.where(Certificate.state == CertificateState.SUBMITTED).order_by(Certificate.id).limit(limit)
    return list(db.session.execute(waiting))


def ends_soon(day: date) -> list[tuple[Certificate, Producer]]:
    """Certificates whose last day is within thirty days and whose producers have not been told, locked."""
    rows = db.session.execute(
        select(Certificate, Producer)
        .join(Producer, Producer.id == Certificate.producer_id)
        .where(counts_on(day), Certificate.valid_to <= day + NOTICE, Certificate.warned_at.is_(None))
        .order_by(Certificate.id)
        .with_for_update(of=Certificate, skip_locked=True)
    )
    return [(certificate, producer) for certificate, producer in rows]


def enter_indication(name_zh: str, name_en: str, product_slug: str, area_code: str, *, actor: str, now: datetime) -> Indication:
    """Enter a protected name as its register has it: the goods and the area it belongs to."""
    name_zh, name_en = " ".join(name_zh.split()), " ".join(name_en.split())
    if not 1 <= len(name_zh) <= 60 or not 1 <= len(name_en) <= 80:
        raise Invalid("indication_words", N_("Please give the protected name in both languages."))
    product = db.session.scalars(select(Product).filter_by(slug=product_slug)).first()
    if product is None:
        raise Invalid("product_unknown", N_("Please choose what it is."))
    area = get_area(area_code)
    if db.session.scalar(select(Indication.id).filter_by(name_zh=name_zh)) is not None:
        raise Conflict("indication_known", N_("This protected name has been entered already."))
    made = Indication(
        name_zh=name_zh, name_en=name_en, product_id=product.id, area_code=area.code, entered_by=actor, entered_at=now
    )
    db.session.add(made)
    db.session.flush()
    audit.record("indication.entered", "indication", made.public_id, actor=actor, at=now, area=area.code)
    return made


def indications() -> Sequence[Indication]:
    """Every protected name, by its Chinese name."""
    return db.session.scalars(select(Indication).order_by(Indication.name_zh)).all()
