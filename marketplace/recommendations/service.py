"""What consumers do and what is shown to them. The one door through which every page and program gets its lists."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, delete, text
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.queries import cards
from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.queries import last_destination
from marketplace.recommendations import serving
from marketplace.recommendations.models import Event, EventKind, ForgottenHistory, Policy, Preference
from marketplace.recommendations.queries import is_personalised, serving_context
from marketplace.recommendations.ranking import rank_and_log
from recommender import TiltedList

# More of one seller than this would make a list of ten a shop of one; a row of four stands for two at the least.
MOST_OF_ONE_SELLER = 3
_OF_ONE_SELLER_IN_A_ROW, _ROW = 2, 6


@dataclass(frozen=True)
class Recommendation:
    """A list to show: card rows, best first, with the true reason of each.

    ``personalised`` says that the list follows the reader; ``wanted`` that the reader lets it, which it may not do yet.
    ``policies`` are those that the list was made under: each covers something in it, the widest area's first.
    ``goes_with`` names, for a listing that goes with one of those asked about, which one; ``policy_of`` the number of the
    policy for whose sake a listing stands in the list, where that is its reason. ``list_id`` is the list's name in the record,
    and ``beside`` has the rows that the page asked for besides.
    """

    rows: list[Any]
    reasons: list[str]
    personalised: bool
    policies: Sequence[Policy]
    wanted: bool
    list_id: str = ""
    goes_with: Mapping[int, int] = field(default_factory=dict)
    policy_of: Mapping[int, int] = field(default_factory=dict)
    beside: Sequence[Any] = ()


def recommend(
    account: Account | None,
    surface: str,
    n: int,
    *,
    now: datetime,
    near: Sequence[int] = (),
    within: ColumnElement[bool] | None = None,
    head: Sequence[int] | None = None,
    area: str | None = None,
    beside: Sequence[int] = (),
) -> Recommendation:
    """A list of at most ``n`` listings that can be delivered from stock, tilted by policy, and the record of having shown it.

    Needs an open transaction: what is shown is written down with it.

    Parameters
    ----------
    surface : str
        Where the list stands, for the record: ``home``, ``product``, ``basket``, ``search``, ``enterprise``, ``api``,
        ``digest``.
    near : sequence of int
        Listings that the list goes with. They and other offers of the same kinds of goods are left out.
    within : condition on ``Listing``, optional
        What somebody asked for; only what fits it is shown, and as many of one seller as it takes to fill the list.
    head : sequence of int, optional
        The head of the general order of ``within``, where the caller has it at hand.
    area : str, optional
        The code of where goods would be delivered to, empty when that is not known. When absent, it is where the account's
        last purchase went.
    beside : sequence of int
        Listings whose cards the page shows elsewhere, read with those of the list.

    Returns
    -------
    Recommendation
        Reasons are ``bought_before``, ``seen_before``, ``people_like_you``, ``goes_with``, ``in_season`` (this week, and from
        the province of the area), ``popular_near``, ``popular``, ``new_listing`` or ``supports_registered`` (the listing
        would not stand in the list without the policy).
    """
    today = local_day(now)
    context = serving_context(account.id if account is not None else None, today)
    reader = account.id if account is not None and context.personalised else None
    asked = serving.Question(
        week=today.isocalendar().week,
        in_force=context.in_force,
        reader=reader,
        seller=account.id if account is not None else None,
        area=_area_of(account) if area is None else area,
        near=near,
        within=within,
        head=head,
        known_from_fit=context.known_from_fit,
    )
    shortlist = serving.shortlist(context.model, asked)
    if not len(shortlist.listing_ids):
        return Recommendation([], [], False, [], context.personalised, beside=cards(beside))
    list_id = ids.public_id()
    most = most_of_one_seller(n) if within is None else enough_of_one_seller(shortlist.seller.tolist(), n)
    chosen = rank_and_log(
        context, shortlist, n, reader=reader, surface=surface, list_id=list_id, most_of_one_seller=most, now=now
    )
    listing_ids = shortlist.listing_ids[chosen.positions].tolist()
    reasons = dict(zip(listing_ids, _reasons(shortlist, chosen, n), strict=True))
    policy_ids = dict(zip(listing_ids, shortlist.policy_ids[chosen.positions].tolist(), strict=True))
    # A listing withdrawn since the shortlist was read has no card any more, and takes its reason with it.
    rows, others = _cards(shortlist, listing_ids, beside)
    return Recommendation(
        rows=rows,
        reasons=[reasons[row.id] for row in rows],
        personalised=shortlist.follows_reader,
        policies=[one for one in context.in_force.policies if one.id in chosen.parts and chosen.parts[one.id].delta],
        wanted=context.personalised,
        list_id=list_id,
        goes_with=shortlist.goes_with,
        policy_of={one: policy_ids[one] for one, reason in reasons.items() if reason == "supports_registered"},
        beside=others,
    )


def _area_of(account: Account | None) -> str:
    last = last_destination(account.id) if account is not None else None
    return (last.area_code if last is not None else None) or ""


def _cards(shortlist: serving.Shortlist, listing_ids: list[int], beside: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """The card rows of a list and of what stands beside it, in one statement where they are not known yet."""
    if shortlist.cards is not None:
        return [shortlist.cards[listing_id] for listing_id in listing_ids], cards(beside)
    found = {row.id: row for row in cards([*listing_ids, *beside])}
    return [found[one] for one in listing_ids if one in found], [found[one] for one in beside if one in found]


def most_of_one_seller(n: int) -> int:
    """How many places of a list one seller may take.

    >>> most_of_one_seller(4), most_of_one_seller(10), most_of_one_seller(12)
    (2, 3, 3)
    """
    return _OF_ONE_SELLER_IN_A_ROW if n <= _ROW else MOST_OF_ONE_SELLER


def enough_of_one_seller(sellers: Sequence[int], n: int) -> int:
    """How many places one seller may take in a list of what was asked for: three in ten, or what it takes to fill it.

    >>> enough_of_one_seller([7] * 20 + [8] * 20, 10), enough_of_one_seller([7] * 20 + list(range(20)), 10)
    (5, 3)
    >>> enough_of_one_seller([7] * 20, 10)
    10
    """
    held = Counter(sellers).values()
    wanted = min(n, len(sellers))
    most = max(MOST_OF_ONE_SELLER * n // 10, 1)
    while sum(min(count, most) for count in held) < wanted:
        most += 1
    return most


def _reasons(shortlist: serving.Shortlist, chosen: TiltedList, n: int) -> list[str]:
    """The reason of each place.

    Where relevance alone would have left a listing out, it is there because it is new or for the policy. The latter is said
    only where the badge may stand, because the reason would tell the same of a household as the badge; otherwise the listing's
    relevance is its reason.
    """
    by_relevance = set(np.argsort(-shortlist.relevance, kind="stable")[:n].tolist())
    reasons = []
    for place, at in enumerate(chosen.positions.tolist()):
        if at not in by_relevance and place == chosen.new_place:
            reasons.append("new_listing")
        elif at not in by_relevance and shortlist.benefit[at] > 0 and shortlist.badge_consent[at]:
            reasons.append("supports_registered")
        else:
            reasons.append(shortlist.reason(at))
    return reasons


_EVENT = text(
    """
    INSERT INTO event (account_id, listing_id, kind, quantity, at)
    SELECT :account_id, :listing_id, :kind, :quantity, :at
    WHERE NOT EXISTS (SELECT 1 FROM preference WHERE account_id = :account_id AND NOT personalised)
    """
)


def record_event(account: Account, listing_id: int, kind: EventKind, *, now: datetime, quantity: float = 1.0) -> None:
    """Remember what a consumer did, unless they have switched personalisation off."""
    values = {"account_id": account.id, "listing_id": listing_id, "kind": kind.value, "quantity": quantity, "at": now}
    db.session.execute(_EVENT, values)


def record_purchase(account: Account, group: OrderGroup, *, now: datetime) -> None:
    """Remember a purchase, one event for each listing."""
    if not is_personalised(account.id):
        return
    quantities: dict[int, float] = {}
    for order in group.orders:
        for line in order.lines:
            quantities[line.listing_id] = quantities.get(line.listing_id, 0.0) + float(line.quantity)
    db.session.add_all(
        Event(account_id=account.id, listing_id=listing_id, kind=EventKind.PURCHASE, quantity=quantity, at=now)
        for listing_id, quantity in quantities.items()
    )
    db.session.flush()


def forget_purchase(orders: Sequence[Order]) -> None:
    """Take back what was remembered of orders that were cancelled: nobody has bought these goods."""
    for order in orders:
        db.session.execute(
            delete(Event).where(
                Event.account_id == order.group.account_id,
                Event.kind == EventKind.PURCHASE,
                # A purchase is remembered at the moment at which it was placed.
                Event.at == order.group.placed_at,
                Event.listing_id.in_({line.listing_id for line in order.lines}),
            )
        )


def set_personalised(account: Account, on: bool, *, now: datetime) -> None:
    """Let lists follow what a consumer does, or not. Off also means that nothing new is remembered."""
    statement = insert(Preference).values(account_id=account.id, personalised=on, changed_at=now)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["account_id"], set_={"personalised": on, "changed_at": now})
    )
    verb = "personalisation.on" if on else "personalisation.off"
    audit.record(verb, "account", account.public_id, actor=account.public_id, at=now)


def delete_history(account: Account, *, now: datetime) -> int:
    """Forget what a consumer did and that lists were shown to them; orders stay, they are theirs. Answers how many events.

    Until the next fit has learnt without them, every model takes the consumer for a stranger.
    """
    gone = db.session.execute(delete(Event).where(Event.account_id == account.id))
    db.session.execute(text("UPDATE served_list SET account_id = NULL WHERE account_id = :id"), {"id": account.id})
    db.session.add(ForgottenHistory(account_id=account.id, at=now))
    audit.record("history.deleted", "account", account.public_id, actor=account.public_id, at=now)
    return int(gone.rowcount)  # type: ignore[attr-defined]
