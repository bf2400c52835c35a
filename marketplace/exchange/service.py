"""Agreeing with another system on an exchange, and ending it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, literal, or_, select
from sqlalchemy.exc import IntegrityError

from marketplace.exchange.models import ExchangePartner, PartnerKind
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit
from marketplace.kernel.db import db, savepoint
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.webhooks.addresses import check_address


def add_partner(
    kind: PartnerKind,
    sender_id: str,
    name: str,
    public_key: bytes,
    *,
    url: str = "",
    account: Account | None = None,
    purposes: Sequence[str] = (),
    own_network: bool,
    actor: str,
    now: datetime,
) -> ExchangePartner:
    """Let another system take part.

    Raises
    ------
    Invalid
        ``partner_invalid`` for a key of another length, a department without an officer's account or a purpose, or a level
        above without an address; ``address_invalid``.
    Conflict
        ``partner_there`` when the id is taken, or there is a level above already.
    """
    check_new(kind, sender_id, public_key, url=url, account=account, purposes=purposes, own_network=own_network)
    made = ExchangePartner(
        kind=kind,
        sender_id=sender_id,
        name=name,
        account_id=account.id if account is not None else None,
        url=url.rstrip("/"),
        public_key=public_key,
        purposes=sorted(set(purposes)),
        since=now,
    )
    try:
        with savepoint():
            db.session.add(made)
            db.session.flush()
    except IntegrityError as error:
        if "uq_exchange_partner_" not in str(error.orig):
            raise
        raise _there() from error
    audit.record("exchange.partner_added", "exchange_partner", made.public_id, actor=actor, at=now, kind=kind.value)
    return made


def check_new(
    kind: PartnerKind,
    sender_id: str,
    public_key: bytes,
    *,
    url: str,
    account: Account | None,
    purposes: Sequence[str],
    own_network: bool,
) -> None:
    """Refuse what could not take part, as ``add_partner`` does."""
    if url:
        check_address(url, own_network=own_network)
    department = kind is PartnerKind.DEPARTMENT
    officer = account is not None and bool(scopes(account, RoleKind.OFFICER))
    fits = len(public_key) == 32 and department == officer and department == bool(purposes)
    if not fits or (kind is PartnerKind.ABOVE and not url):
        raise Invalid(
            "partner_invalid",
            N_("A department needs the account of an officer and its purposes, a level above an address, and each a key."),
        )
    taken = select(ExchangePartner.id).where(
        ExchangePartner.ended_at.is_(None),
        or_(ExchangePartner.sender_id == sender_id, and_(ExchangePartner.kind == kind, literal(kind is PartnerKind.ABOVE))),
    )
    if db.session.scalar(taken) is not None:
        raise _there()


def _there() -> Conflict:
    return Conflict("partner_there", N_("There is such a partner already."))


def end_partner(sender_id: str, *, actor: str, now: datetime) -> None:
    """End an exchange from this moment on; what waits for the partner is not taken out any more."""
    query = select(ExchangePartner).filter_by(sender_id=sender_id, ended_at=None).with_for_update()
    partner = db.session.scalars(query).first()
    if partner is None:
        raise NotFound("partner_unknown", N_("There is no such partner."))
    partner.ended_at = now
    db.session.flush()
    audit.record("exchange.partner_ended", "exchange_partner", partner.public_id, actor=actor, at=now)
