"""What consumers do and what is shown to them. The one door through which every page and program gets its lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.queries import cards
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.models import OrderGroup
from marketplace.recommendations import serving
from marketplace.recommendations.models import Event, EventKind, ForgottenHistory, Policy, Preference
from marketplace.recommendations.queries import is_personalised, serving_context
from marketplace.recommendations.ranking import rank_and_log
from recommender import TiltedList


@dataclass(frozen=True)
class Recommendation:
    """A list to show: card rows, best first, with the true reason of each.

    ``personalised`` says that the list follows the reader; ``wanted`` that the reader lets it, which it may not do yet.
    """

    rows: list[Any]
    reasons: list[str]
    personalised: bool
    policy: Policy | None
    wanted: bool


def recommend(account: Account | None, surface: str, n: int, *, now: datetime) -> Recommendation:
    """A list of at most ``n`` listings in stock, tilted by the policy in force, and the record of having shown it.

    Reasons are ``bought_before``, ``seen_before``, ``people_like_you``, ``popular``, ``new_listing`` or
    ``supports_registered`` (the listing would not stand in the list without the policy). Needs an open transaction: what is
    shown is written down with it.
    """
    context = serving_context(account.id if account is not None else None, local_day(now))
    reader = account.id if account is not None and context.personalised else None
    shortlist = serving.shortlist(context.model, reader, context.in_force, known_from_fit=context.known_from_fit)
    if not len(shortlist.listing_ids):
        return Recommendation([], [], False, context.policy, context.personalised)
    chosen = rank_and_log(context, shortlist, n, reader=reader, surface=surface, now=now)
    listing_ids = shortlist.listing_ids[chosen.positions].tolist()
    reasons = dict(zip(listing_ids, _reasons(shortlist, chosen, n), strict=True))
    # A listing withdrawn since the shortlist was read has no card any more, and takes its reason with it.
    rows = cards(listing_ids)
    return Recommendation(
        rows, [reasons[row.id] for row in rows], shortlist.follows_reader, context.policy, context.personalised
    )


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


def record_event(account: Account, listing_id: int, kind: EventKind, *, now: datetime, quantity: float = 1.0) -> None:
    """Remember what a consumer did, unless they have switched personalisation off."""
    if is_personalised(account.id):
        db.session.add(Event(account_id=account.id, listing_id=listing_id, kind=kind, quantity=quantity, at=now))
        db.session.flush()


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
