"""For whom somebody works on the farmer's side: for their own farm, or for a household whose mandate they hold.

A view opens itself to holders of mandates with ``@by_mandate``, naming the scopes it needs; all other views of the farmer's
side stay for the farm's own account. ``acting`` owns the transaction of an act: it checks the mandate inside it, has the audit
trail name the household on each row, and tells the household.

A browser remembers for whom its reader works. A program says so with each request, in the header ``X-Acting-For``; without it,
it works for its own farm.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, current_app, g, request, session

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND, principal_of, principals
from marketplace.catalogue.queries import producer_of
from marketplace.identity.mandates import MandateRefused, carrying_mandate, mandates_held, open_mandate, refusal
from marketplace.identity.models import Account, Mandate, RoleKind, Scope
from marketplace.kernel import audit, clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.web.access import API_GROUP, account, allow
from marketplace.web.notices.households import tell_acts

View = TypeVar("View", bound=Callable[..., Any])
Alternatives = tuple[frozenset[Scope], ...]

_FOR = "acting_for"
OWN = "own"
HEADER = "X-Acting-For"


class NoProducer(NotFound):
    """The account sells for nobody yet."""


class ChooseFirst(NotFound):
    """The account may act for several households and has not said for which."""


@dataclass(frozen=True)
class Seller:
    """The farm that is worked for; ``mandates`` are those in force that let one do so, empty for one's own farm."""

    producer: Producer
    mandates: tuple[Mandate, ...] = ()

    @property
    def by_mandate(self) -> bool:
        """Whether somebody else's farm is worked for."""
        return bool(self.mandates)

    def may(self, scope: Scope) -> bool:
        """Whether an act of this scope is carried; everything is on one's own farm."""
        return not self.mandates or any(scope in mandate.scopes for mandate in self.mandates)


def by_mandate(*scopes: Scope, any_of: bool = False) -> Callable[[View], View]:
    """Open a view to farmers, and to holders of a mandate that covers these scopes: all of them, or ``any_of`` them."""

    def mark(view: View) -> View:
        return allow(RoleKind.FARMER, RoleKind.OFFICER)(with_scopes(*scopes, any_of=any_of)(view))

    return mark


def with_scopes(*scopes: Scope, any_of: bool = False) -> Callable[[View], View]:
    """Name the scopes by which a mandate opens a view, and leave to its caller who else may enter."""
    alternatives: Alternatives = tuple(frozenset({scope}) for scope in scopes) if any_of else (frozenset(scopes),)

    def mark(view: View) -> View:
        view.scopes = alternatives  # type: ignore[attr-defined]
        return view

    return mark


def scopes_of(endpoint: str | None) -> Alternatives | None:
    """The sets of scopes of which an endpoint needs one; None for one that mandates do not open."""
    return getattr(current_app.view_functions.get(endpoint or ""), "scopes", None)


def sellers(holder: Account, *, now: datetime) -> list[Seller]:
    """The farms that an account may act for by mandate at this moment, by name."""
    held: dict[str, list[Mandate]] = {}
    for mandate in mandates_held(holder.id, now=now):
        if mandate.principal_kind == KIND:
            held.setdefault(mandate.principal_id, []).append(mandate)
    found = []
    for public_id, (producer, principal) in principals(held).items():
        good = [mandate for mandate in held[public_id] if refusal(mandate, holder, principal, (), now=now) is None]
        if good:
            found.append(Seller(producer, tuple(good)))
    return sorted(found, key=lambda seller: (seller.producer.name_zh, seller.producer.id))


def choose(public_id: str) -> None:
    """Remember for whom this browser works from now on; ``OWN`` for one's own farm."""
    session[_FOR] = public_id


def _from_program() -> bool:
    return (request.blueprint or "").startswith(API_GROUP)


def farm_named() -> bool:
    """Whether a program has said for which farm it works."""
    return _from_program() and HEADER in request.headers


def current_seller() -> Seller:
    """The farm of this request: the one chosen, else one's own; in a browser else the only one there is a mandate for.

    Raises
    ------
    NoProducer
        When there is none; ``ChooseFirst`` when there are several and none was chosen; ``MandateRefused`` when the mandate for
        the chosen one has ended, or does not open this page.
    """
    if "seller" not in g:
        g.seller = _seller(account(), clock.now())
    found: Seller = g.seller
    return found


def _seller(holder: Account, now: datetime) -> Seller:
    program = _from_program()
    chosen = request.headers.get(HEADER, OWN) if program else session.get(_FOR)
    own = producer_of(holder.id)
    if own is not None and chosen in (None, OWN, own.public_id):
        return Seller(own)
    able = sellers(holder, now=now)
    seller = next((seller for seller in able if seller.producer.public_id == chosen), None)
    if seller is None and chosen not in (None, OWN):
        # What was chosen is over. That is said once, and then a browser forgets its choice.
        if not program:
            session.pop(_FOR)
        _say_why(holder, str(chosen), now)
    if seller is None and program:
        own_words, words = N_("Your account does not sell for a farm yet."), N_("There is no such farm.")
        raise NotFound("producer_unknown", own_words if chosen == OWN else words)
    if seller is None:
        if not able:
            raise NoProducer("producer_unknown", N_("Your account does not sell for a farm yet."))
        if len(able) > 1:
            raise ChooseFirst("choose_first", N_("Please choose for whom you act."))
        seller = able[0]
    needed = _needed()
    open_mandate(holder, principal_of(seller.producer), needed, now=now)
    return seller


def _needed() -> Alternatives:
    needed = scopes_of(request.endpoint)
    if needed is None:
        raise MandateRefused("own_farm_only", N_("This page is for the household itself. A mandate does not open it."))
    return needed


def farms_with(scope: Scope, holder: Account, *, now: datetime) -> list[int]:
    """The ids of the farms for which an account may do this by mandate."""
    return [seller.producer.id for seller in sellers(holder, now=now) if seller.may(scope)]


def _say_why(holder: Account, chosen: str, now: datetime) -> None:
    found = principals([chosen]).get(chosen)
    if found is not None:
        open_mandate(holder, found[1], (frozenset(),), now=now)


@contextmanager
def acting(now: datetime) -> Iterator[str]:
    """The transaction of an act for the current seller; answers the actor that the audit trail names.

    For a holder of a mandate it is checked here once more, as it stands at this moment, and held until the commit. An act is
    therefore committed before its mandate ends, or refused.
    """
    seller, holder = current_seller(), account()
    if not seller.by_mandate:
        with transaction():
            yield holder.public_id
        return
    needed = _needed()
    with transaction():
        principal = principal_of(seller.producer, lock=True)
        mandate = carrying_mandate(holder, principal, needed, now=now)
        data = {"mandate": mandate.public_id, "role": mandate.holder_role}
        with audit.on_behalf_of(principal.id, actor=holder.public_id, **data) as done:
            yield holder.public_id
        tell_acts(seller.producer, mandate, done, now=now)


def wire(app: Flask) -> None:
    """Refuse a program that names a farm where none can be worked for: it must not be left to believe that it was heard."""

    @app.before_request
    def take_the_header_or_refuse_it() -> None:
        if farm_named() and scopes_of(request.endpoint) is None:
            raise MandateRefused("own_farm_only", N_("This page is for the household itself. A mandate does not open it."))
