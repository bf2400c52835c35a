"""Something wrong with what came? Three steps to a claim, the claim's own page, and what its buyer can do there."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import product_art
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.orders import claims
from marketplace.orders.claim_handling import take_step
from marketplace.orders.claim_moves import Actor, left_of_line
from marketplace.orders.claim_queries import get_claim, get_picture
from marketplace.orders.claim_rules import claimable_kinds, clocks_of
from marketplace.orders.claim_states import PHOTOGRAPHED, ClaimKind, ClaimState, Party, ReturnState
from marketplace.orders.claims import MOST_PICTURES, MOST_WORDS, Complaint, file_claim
from marketplace.orders.disputes import appeal
from marketplace.orders.models import Claim, Order, OrderGroup, OrderLine
from marketplace.orders.queries import get_group
from marketplace.orders.returns import send_back
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.acting import farms_with
from marketplace.web.claim_words import (
    KINDS,
    SHARES_BP,
    private_folder,
    send_private_picture,
    sent_pictures,
    share_words,
    whole,
)
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.redirects import see_other
from marketplace.web.uploads import takes_files

_WORDS = validate.Length(max=MOST_WORDS, error=N_("Please use at most 1,000 characters."))


class StepForm(FormSchema):
    """What was chosen so far: which goods, what is wrong, how much of them."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    line = fields.Integer(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf([kind.value for kind in ClaimKind]))
    share = fields.Integer(load_default=None, validate=validate.OneOf([*SHARES_BP, 0]))
    amount = Yuan(load_default=None)


class ClaimForm(StepForm):
    """The third step: words and pictures come with what was chosen before."""

    class Meta:
        """Refuse what the form does not have."""

        fields = ("line", "kind", "share", "amount", "words")

    line = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in ClaimKind]))
    words = Text(load_default="", validate=_WORDS)


class ReasonForm(FormSchema):
    """Why."""

    words = Text(required=True, validate=_WORDS, error_messages={"required": N_("Please give the reason in a few words.")})


class ParcelForm(FormSchema):
    """By whom goods were sent back, and under which number."""

    carrier = Text(required=True, validate=validate.Length(max=40))
    tracking_number = Text(required=True, validate=validate.Length(max=40))


def _buyer() -> Actor:
    return claims.buyer(account().id, account().public_id)


def _own_part(group_id: str, order_id: str) -> tuple[OrderGroup, Order]:
    group = get_group(group_id, account().id)
    part = next((part for part in group.orders if part.public_id == order_id), None)
    if part is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return group, part


@blueprint.get("/orders/<group>/<order>/problem")
@allow(SIGNED_IN)
def problem(group: str, order: str) -> str:
    """The steps of a claim: what and which goods; how much; photo and words."""
    purchase, part = _own_part(group, order)
    return _problem_page(purchase, part, read_form(StepForm(), request.args), {})


@dataclass(frozen=True)
class _Choice:
    """What has been chosen so far and can be claimed: the number of the line, the line, what is wrong, and the step to show."""

    number: int | None
    line: OrderLine | None
    kind: ClaimKind | None
    step: int
    errors: dict[str, str]


def _choice(part: Order, kinds: dict[int, list[ClaimKind]], given: dict[str, Any], errors: dict[str, str]) -> _Choice:
    number = given["line"] if given["line"] is not None else (1 if len(part.lines) == 1 else None)
    line = part.lines[number - 1] if number is not None and 1 <= number <= len(part.lines) else None
    kind = ClaimKind(given["kind"]) if given["kind"] else None
    if line is not None and kind is not None and kind not in kinds[line.id]:
        errors = errors or {"kind": _("This can no longer be claimed for these goods, or not yet.")}
        kind = None
    step = _step_of(given) if line is not None and kind is not None else 1
    if step == 2 and given["share"] == 0:
        errors = errors or {"amount": _("Please say how much you would like back.")}
    return _Choice(number, line, kind, step, errors)


def _problem_page(group: OrderGroup, part: Order, given: dict[str, Any], errors: dict[str, str]) -> str:
    now = clock.now()
    clocks = clocks_of(part.lines, clock.local_day(now))
    kinds = {line.id: claimable_kinds(part, group, clocks[line.id].hours, now) for line in part.lines}
    offered = [kind for kind in ClaimKind if any(kind in own for own in kinds.values())]
    chosen = _choice(part, kinds, given, errors)
    line, kind = chosen.line, chosen.kind
    art = product_art(row.listing_id for row in part.lines)
    return render_template(
        "storefront/problem.html",
        group=group,
        part=part,
        step=chosen.step,
        errors=chosen.errors,
        given=given,
        line_number=chosen.number,
        lines=[
            {
                "value": at,
                "label": pick(row.title_zh, row.title_en),
                "row": row,
                "art": art.get(row.listing_id),
                "hours": clocks[row.id].hours,
            }
            for at, row in enumerate(part.lines, 1)
        ],
        kinds=[{"value": one.value, "label": _(KINDS[one][0]), "hint": _(KINDS[one][1])} for one in offered],
        kind=kind,
        kind_words=_(KINDS[kind][0]) if kind is not None else None,
        line=line,
        left_fen=left_of_line(line, part) if line is not None else 0,
        shares=[{"value": share, "label": share_words(share)} for share in SHARES_BP],
        photo_needed=kind in PHOTOGRAPHED,
        most_pictures=MOST_PICTURES,
        hours=max((clocks[row.id].hours for row in part.lines), default=0),
    )


def _step_of(given: dict[str, Any]) -> int:
    """Whether how much was chosen as well: a share, or, with a share of nothing, an amount."""
    return 3 if given["share"] or given["amount"] is not None else 2


@blueprint.post("/orders/<group>/<order>/problem")
@allow(SIGNED_IN)
@takes_files(MOST_PICTURES)
def problem_send(group: str, order: str) -> Response | tuple[str, int]:
    """File the claim."""
    purchase, part = _own_part(group, order)
    given = {"line": None, "kind": None, "share": None, "amount": None, "words": ""}
    now = clock.now()
    try:
        given = read_form(ClaimForm())
        pictures = sent_pictures("pictures", MOST_PICTURES, private_folder())
        complaint = Complaint(ClaimKind(given["kind"]), given["words"], given["amount"], given["share"] or None, pictures)
        claim_id = take_step(partial(file_claim, order, given["line"], complaint, _buyer(), now=now), now=now)
    except FormError as error:
        return _problem_page(purchase, part, {**given, **_chosen()}, error.fields), 422
    except Invalid as error:
        purchase, part = _own_part(group, order)
        field = "pictures" if "picture" in error.code else "words" if "words" in error.code else "amount"
        return _problem_page(purchase, part, given, {field: message_of(error)}), 422
    except Conflict as error:
        flash(message_of(error), "warning")
        known = error.data.get("claim")
        return see_other(
            url_for("storefront.claim", public_id=known) if known else url_for("storefront.order", public_id=group)
        )
    flash(_("The seller has been told. You can follow it here."), "success")
    return see_other(url_for("storefront.claim", public_id=claim_id))


def _chosen() -> dict[str, Any]:
    """What was chosen in the steps before and written in this one, as far as it can be read."""
    try:
        return {**read_form(StepForm()), "words": request.form.get("words", "")}
    except FormError:
        return {}


@blueprint.get("/claims/<public_id>")
@allow(SIGNED_IN)
def claim(public_id: str) -> str:
    """One claim of one's own: where it stands, what was said, and what to do."""
    return _claim_page(get_claim(public_id, buyer_id=account().id))


def _claim_page(found: Claim, errors: dict[str, str] | None = None, tried: str | None = None) -> str:
    view = whole(found, clock.now(), Party.BUYER)
    return render_template(
        "storefront/claim.html",
        claim=view,
        group=found.order.group,
        seller=pick(found.line.producer_zh, found.line.producer_en),
        may=_may(found),
        art=product_art([found.line.listing_id]).get(found.line.listing_id),
        errors=errors or {},
        tried=tried,
        form=request.form,
    )


def _may(found: Claim) -> set[str]:
    """What the buyer can do at this moment."""
    state, goods = ClaimState(found.state), found.goods_return
    acts = {
        ClaimState.FILED: {"withdraw"},
        ClaimState.OFFERED: {"take", "dispute", "withdraw"},
        ClaimState.REFUSED: {"dispute", "withdraw"},
        ClaimState.DISPUTED: {"withdraw"},
        ClaimState.RULED: {"appeal"},
    }.get(state, set())
    if state is ClaimState.RETURNING and goods is not None and goods.state == ReturnState.AGREED:
        return {"send", "withdraw"}
    return acts


def _act(public_id: str, act: Callable[[], Claim], said: str) -> Response:
    now_url = url_for("storefront.claim", public_id=public_id)
    try:
        take_step(act, now=clock.now())
    except Conflict as error:
        flash(message_of(error), "warning")
        return see_other(now_url)
    flash(said, "success")
    return see_other(now_url)


@blueprint.post("/claims/<public_id>/take")
@allow(SIGNED_IN)
def claim_take(public_id: str) -> Response:
    """Take the seller's offer."""
    read_form(FormSchema())
    act = partial(claims.take_offer, public_id, _buyer(), now=clock.now())
    return _act(public_id, act, _("The money is on its way back to you."))


@blueprint.post("/claims/<public_id>/withdraw")
@allow(SIGNED_IN)
def claim_withdraw(public_id: str) -> Response:
    """Let the claim go."""
    read_form(FormSchema())
    act = partial(claims.withdraw_claim, public_id, _buyer(), now=clock.now())
    return _act(public_id, act, _("Your claim is withdrawn."))


@blueprint.post("/claims/<public_id>/dispute")
@allow(SIGNED_IN)
def claim_dispute(public_id: str) -> Response | tuple[str, int]:
    """Have the operator decide."""
    return _with_reason(public_id, "dispute", claims.dispute_claim, _("The operator of the market will look at it."))


@blueprint.post("/claims/<public_id>/appeal")
@allow(SIGNED_IN)
def claim_appeal(public_id: str) -> Response | tuple[str, int]:
    """Have a second operator decide."""
    return _with_reason(public_id, "appeal", appeal, _("Another operator will look at it."))


def _with_reason(public_id: str, name: str, act: Any, said: str) -> Response | tuple[str, int]:
    try:
        form = read_form(ReasonForm())
    except FormError as error:
        return _claim_page(get_claim(public_id, buyer_id=account().id), error.fields, name), 422
    return _act(public_id, partial(act, public_id, form["words"], _buyer(), now=clock.now()), said)


@blueprint.post("/claims/<public_id>/sent")
@allow(SIGNED_IN)
def claim_sent(public_id: str) -> Response | tuple[str, int]:
    """Say that the goods have been sent back."""
    try:
        form = read_form(ParcelForm())
    except FormError as error:
        return _claim_page(get_claim(public_id, buyer_id=account().id), error.fields, "send"), 422
    act = partial(send_back, public_id, form["carrier"], form["tracking_number"], _buyer(), now=clock.now())
    return _act(public_id, act, _("Thank you. The seller can follow the parcel now."))


@blueprint.get("/claims/<claim>/pictures/<picture>/<int:size>")
@allow(SIGNED_IN)
def claim_picture(claim: str, picture: str, size: int) -> FlaskResponse:
    """A picture of a claim, for its buyer, its seller, whoever answers in the seller's name, and the operator."""
    kinds = {role.kind for role in account().roles}
    farms = farms_with(Scope.ANSWER, account(), now=clock.now())
    found = get_picture(claim, picture, account().id, farms=farms, is_operator=RoleKind.OPERATOR in kinds)
    return send_private_picture(found.name, size)
