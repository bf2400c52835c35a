"""What we need of whoever collects money and of whoever pays it out, in our words.

Every call is made outside any transaction, with a public id of ours as idempotency key: what was asked before is not done
again, and is answered as it was then, for as long as the provider keeps the key (``KEYS_HOLD``).
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from marketplace.kernel.errors import N_, Conflict, Invalid

# Stripe forgets idempotency keys after a day; long before that, what was asked is looked for and not only asked again.
KEYS_HOLD = timedelta(hours=12)


class ProviderUnavailable(Conflict):
    """The provider answered neither yes nor no. What was asked may have been done; ask again with the same key."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "provider_unavailable", N_("The payment service does not answer at the moment. Nothing is lost; please try again.")
        )
        self.reason = reason


class ProviderRefused(Conflict):
    """The provider said no and did nothing; ``reason`` is its own word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__("provider_refused", N_("The payment service has refused this. Please choose another way to pay."))
        self.reason = reason


class EventNotGenuine(Invalid):
    """A message that does not carry the provider's signature over exactly these bytes."""

    def __init__(self) -> None:
        super().__init__("event_not_genuine", N_("This message does not carry a valid signature."))


class PageState(enum.StrEnum):
    """Where a page at the provider stands."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class RefundState(enum.StrEnum):
    """Where a refund stands; ``created`` until somebody outside has taken it on, ``by_hand`` once a person has sent it."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class PageRequest:
    """A page to open for an attempt: what is shown, for how much, until when, and where to go afterwards."""

    attempt: str
    payment: str
    title: str
    amount_fen: int
    expires_at: datetime
    return_url: str
    back_url: str


@dataclass(frozen=True)
class PayPage:
    """A page as it stands at the provider. ``charge_id`` and ``paid_fen`` are set once money was taken."""

    provider_id: str
    state: PageState
    url: str | None = None
    charge_id: str | None = None
    paid_fen: int = 0


@dataclass(frozen=True)
class RefundRequest:
    """Money to give back out of a charge."""

    refund: str
    charge_id: str
    amount_fen: int


@dataclass(frozen=True)
class RefundAnswer:
    """How far the provider is with a refund."""

    provider_id: str
    state: RefundState


@dataclass(frozen=True)
class ProviderNews:
    """A genuine message. It tells of an attempt's ``page``, of a ``declined`` try on it, of a refund, or of nothing we need."""

    event_id: str
    kind: str
    attempt: str | None = None
    page: PayPage | None = None
    declined: bool = False
    refund: str | None = None
    refund_answer: RefundAnswer | None = None


class PaymentProvider(Protocol):
    """Collects money on pages of its own."""

    name: str

    def open_page(self, request: PageRequest) -> PayPage:
        """Open the attempt's page; asked again, the same page."""
        ...

    def find_page(self, provider_id: str) -> PayPage:
        """The page as it stands now."""
        ...

    def close_page(self, provider_id: str) -> PayPage:
        """Close a page so that nobody can pay on it any more; what it answers may be that somebody has."""
        ...

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give money back; asked again, the same refund."""
        ...

    def find_refund(self, provider_id: str) -> RefundAnswer:
        """How far a refund is now."""
        ...

    def adopt_refund(self, request: RefundRequest) -> RefundAnswer | None:
        """The refund that was made for this request, if one was; for when its key may have been forgotten."""
        ...

    def verify_event(self, body: bytes, signature: str) -> None:
        """Return if the signature over exactly these bytes is the provider's, or raise ``EventNotGenuine``."""
        ...

    def read_event(self, body: bytes) -> ProviderNews:
        """The content of a message that was found genuine."""
        ...


class PayoutState(enum.StrEnum):
    """How far a payout is: told to whoever pays it and not yet answered, or paid."""

    WAITING = "waiting"
    PAID = "paid"


@dataclass(frozen=True)
class PayoutRequest:
    """Money to pay out to an account that the provider knows; ``reference`` is what its owner reads beside it."""

    payout: str
    destination: str
    amount_fen: int
    reference: str = ""


@dataclass(frozen=True)
class PayoutAnswer:
    """How far a payout is; ``provider_id`` is the provider's own name for it, empty until it has one."""

    provider_id: str
    state: PayoutState


class PayoutProvider(Protocol):
    """Pays out. Whoever collects need not be who pays out: a farm household may have no account with the collector."""

    name: str

    def pay_out(self, request: PayoutRequest) -> PayoutAnswer:
        """Pay out; asked again, the same payout. ``ProviderRefused`` when it never will be."""
        ...

    def adopt_payout(self, request: PayoutRequest) -> PayoutAnswer | None:
        """The payout that was made for this request, if one was; for when its key may have been forgotten."""
        ...


class _Configured:
    """The providers of this installation; None where nobody collects online. Payouts have one for each way."""

    online: PaymentProvider | None = None
    payouts: ClassVar[dict[str, PayoutProvider]] = {}


def use_provider(provider: PaymentProvider | None) -> None:
    """Say who collects online for this process; None for nobody."""
    _Configured.online = provider


def find_provider() -> PaymentProvider | None:
    """Who collects online, if anybody does."""
    return _Configured.online


def get_provider() -> PaymentProvider:
    """Who collects online.

    Raises
    ------
    ProviderUnavailable
        Where nobody is configured (any more).
    """
    if _Configured.online is None:
        raise ProviderUnavailable("no provider is configured")
    return _Configured.online


def use_payout_provider(way: str, provider: PayoutProvider | None) -> None:
    """Say who pays out one way for this process; None for nobody."""
    if provider is None:
        _Configured.payouts.pop(way, None)
    else:
        _Configured.payouts[way] = provider


def payout_ways() -> list[str]:
    """The ways in which money can be paid out here."""
    return sorted(_Configured.payouts)


def get_payout_provider(way: str) -> PayoutProvider:
    """Who pays out one way.

    Raises
    ------
    ProviderUnavailable
        Where nobody is configured (any more).
    """
    if way not in _Configured.payouts:
        raise ProviderUnavailable(f"nobody pays out by {way}")
    return _Configured.payouts[way]
