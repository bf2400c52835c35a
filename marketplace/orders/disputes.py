"""What buyer and seller cannot settle: the operator rules, and an appeal is decided by another operator."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.kernel import audit
from marketplace.kernel.errors import N_, Forbidden, Invalid
from marketplace.orders.claim_moves import CLOCK, Actor, lock_claim, lock_claim_on, move, pay
from marketplace.orders.claim_states import DISPUTES, ClaimAction, ClaimState, Party
from marketplace.orders.claims import MOST_WORDS
from marketplace.orders.models import Claim


@dataclass(frozen=True)
class Ruling:
    """What goes back to the buyer, what of it the platform bears itself, and why."""

    amount_fen: int
    goodwill_fen: int
    reason: str


def rule(public_id: str, ruling: Ruling, by: Actor, *, now: datetime) -> Claim:
    """Decide a dispute. It is carried out when the time to appeal is over.

    Raises
    ------
    Invalid
        ``ruling_invalid``, ``reason_needed``.
    Forbidden
        ``own_dispute`` for somebody who is a party of it.
    """
    claim = lock_claim(public_id)
    _check(claim, ruling, by)
    if claim.state == ClaimState.DISPUTED:
        claim.ruled_fen, claim.goodwill_fen, claim.ruled_by_id = ruling.amount_fen, ruling.goodwill_fen, by.account_id
    move(claim, ClaimAction.RULE, by, now=now, amount_fen=ruling.amount_fen, words=ruling.reason)
    return claim


def rule_again(public_id: str, ruling: Ruling, by: Actor, *, now: datetime) -> Claim:
    """Decide an appeal; this is carried out at once.

    Raises
    ------
    Forbidden
        ``another_operator`` for whoever ruled first: four eyes see more than two.
    """
    claim = lock_claim(public_id)
    _check(claim, ruling, by)
    if claim.ruled_by_id == by.account_id:
        raise Forbidden("another_operator", N_("You decided this the first time. An appeal is decided by a colleague."))
    if claim.state == ClaimState.APPEALED:
        claim.ruled_fen, claim.goodwill_fen, claim.ruled_again_by_id = ruling.amount_fen, ruling.goodwill_fen, by.account_id
    if move(claim, ClaimAction.RULE_AGAIN, by, now=now, amount_fen=ruling.amount_fen, words=ruling.reason):
        pay(claim, ruling.amount_fen, by, goodwill_fen=ruling.goodwill_fen, now=now)
    return claim


def _check(claim: Claim, ruling: Ruling, by: Actor) -> None:
    # Whoever has answered in the seller's name has taken its side.
    answered = {step.account_id for step in claim.steps if step.party == Party.SELLER}
    if by.account_id in {claim.order.group.account_id, claim.order.producer.account_id, *answered}:
        raise Forbidden("own_dispute", N_("You are a party of this dispute. A colleague has to decide it."))
    if not 0 <= ruling.goodwill_fen <= ruling.amount_fen <= claim.asked_fen:
        raise Invalid("ruling_invalid", N_("Please rule no more than was asked for, of which the market can bear a part."))
    if not ruling.reason.strip():
        raise Invalid("reason_needed", N_("Please give the reason in words; both sides read it."))
    if len(ruling.reason) > MOST_WORDS:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_WORDS)


def appeal(public_id: str, words: str, by: Actor, *, now: datetime) -> Claim:
    """Either side has a second operator look at it, once."""
    claim = lock_claim(public_id, buyer_id=by.account_id) if by.party is Party.BUYER else lock_claim_on(public_id, by)
    if not words.strip():
        raise Invalid("words_needed", N_("Please give the reason in a few words."))
    if len(words) > MOST_WORDS:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_WORDS)
    move(claim, ClaimAction.APPEAL, by, now=now, words=words)
    return claim


def carry_out(claim: Claim, *, now: datetime) -> None:
    """The time to appeal is over: what was ruled is done."""
    if move(claim, ClaimAction.CARRY_OUT, CLOCK, now=now, amount_fen=claim.ruled_fen):
        pay(claim, claim.ruled_fen or 0, CLOCK, goodwill_fen=claim.goodwill_fen, now=now)


def open_file(claim: Claim, by: Actor, *, now: datetime) -> bool:
    """Note that the operator reads what buyer and seller wrote to each other; False when there is no dispute to read it for."""
    if not (claim.state in DISPUTES or claim.ruled_by_id is not None):
        return False
    audit.record("dispute.file_read", "claim", claim.public_id, actor=by.name, at=now, order=claim.order.public_id)
    return True
