"""Telling producers in time that a certificate ends. What is shown on pages follows from the day and needs no job."""

import re
from datetime import UTC, datetime

from flask_babel import force_locale
from flask_babel import gettext as _

from marketplace.catalogue.certificates import ends_soon
from marketplace.catalogue.models import Certificate, CertificateKind, Producer
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.posting import post
from marketplace.web.evidence import KIND_NAMES
from marketplace.web.filters import day as long_day
from marketplace.web.languages import LOCALES, pick

_TEMPLATE = "certificate_ends"
_PHONE = re.compile(r"\+?[0-9]{7,15}")


@job("web.tell_of_certificates", every="30 0 * * *", lock="web.tell_of_certificates")
def tell_of_certificates(timestamp: int) -> None:
    """Each morning, at half past eight in the market: what ends within thirty days, each once."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with transaction():
        for certificate, producer in ends_soon(local_day(now)):
            certificate.warned_at = now
            _tell(certificate, producer, now)


def _tell(certificate: Certificate, producer: Producer, now: datetime) -> None:
    """Write to the number or address that the producer signs in with; one without either reads it on the page."""
    account = db.session.get(Account, producer.account_id) if producer.account_id is not None else None
    if account is None or not account.active:
        return
    is_phone = _PHONE.fullmatch(account.login) is not None
    if not is_phone and "@" not in account.login:
        return
    language = account.locale if account.locale in LOCALES else LOCALES[0]
    with force_locale(language):
        indication = certificate.indication
        name = pick(indication.name_zh, indication.name_en) if indication else _(KIND_NAMES[CertificateKind(certificate.kind)])
        values = {"name": name, "number": certificate.number, "day": long_day(certificate.valid_to)}
        subject = _("A certificate of yours ends soon")
        body = _(
            "Your certificate “%(name)s” no. %(number)s is valid until %(day)s. Hand in the new one before then, and buyers"
            " go on seeing it.",
            **values,
        )
    post(
        Channel.SMS if is_phone else Channel.EMAIL,
        account.login,
        template=_TEMPLATE,
        language=language,
        subject=subject,
        body_text=body,
        occasion=f"{_TEMPLATE}:{certificate.public_id}",
        now=now,
    )
