"""Telling producers in time that a certificate ends. What is shown on pages follows from the day and needs no job."""

from datetime import UTC, datetime

from flask_babel import force_locale
from flask_babel import gettext as _

from marketplace.catalogue.certificates import ends_soon
from marketplace.catalogue.models import Certificate, CertificateKind, Producer
from marketplace.identity.contacts import due_at
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.posting import post_once
from marketplace.web.evidence import KIND_NAMES
from marketplace.web.filters import day as long_day
from marketplace.web.languages import pick
from marketplace.web.notices.sending import reader_of_producer

_TEMPLATE = "certificate_ends"


@job("web.tell_of_certificates", every="30 0 * * *", lock="web.tell_of_certificates")
def tell_of_certificates(timestamp: int) -> None:
    """Each morning, at half past eight in the market: what ends within thirty days, each once."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with transaction():
        for certificate, producer in ends_soon(local_day(now)):
            certificate.warned_at = now
            _tell(certificate, producer, now)


def _tell(certificate: Certificate, producer: Producer, now: datetime) -> None:
    """Write to where the producer wants to be told; one without any address reads it on the page."""
    reader = reader_of_producer(producer)
    if reader is None:
        return
    with force_locale(reader.language):
        indication = certificate.indication
        name = pick(indication.name_zh, indication.name_en) if indication else _(KIND_NAMES[CertificateKind(certificate.kind)])
        values = {"name": name, "number": certificate.number, "day": long_day(certificate.valid_to)}
        subject = _("A certificate of yours ends soon")
        body = _(
            "Your certificate “%(name)s” no. %(number)s is valid until %(day)s. Hand in the new one before then, and buyers"
            " go on seeing it.",
            **values,
        )
    post_once(
        Channel(reader.contact.channel),
        reader.contact.address,
        template=_TEMPLATE,
        language=reader.language,
        subject=subject,
        body_text=body,
        occasion=f"{_TEMPLATE}:{certificate.public_id}",
        now=now,
        due_at=due_at(reader.contact, now),
    )
