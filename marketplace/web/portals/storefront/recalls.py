"""Goods that are called back: what their buyer reads, and answers with one tap."""

from flask import flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.orders.collecting import send_refunds
from marketplace.orders.recall_states import RecallReply, RecallState
from marketplace.orders.recalls import answer_recall, payment_of_answer, recalled_line
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.redirects import see_other

REPLIES = {
    RecallReply.KEPT: N_("I still have it"),
    RecallReply.USED: N_("It has been eaten or used"),
    RecallReply.NEVER_CAME: N_("It never came"),
}


class ReplyForm(FormSchema):
    """What became of the goods."""

    reply = fields.Enum(
        RecallReply,
        by_value=fields.String(),
        required=True,
        error_messages={"required": N_("Please choose one."), "unknown": N_("Please choose one.")},
    )


@blueprint.get("/recalls/<public_id>", endpoint="recall")
@allow(SIGNED_IN)
def recall_page(public_id: str) -> str:
    """Why one's goods are called back and what to do."""
    found = recalled_line(public_id, account().id)
    line = found.line
    return render_template(
        "storefront/recall.html",
        public_id=public_id,
        reference=found.recall.reference,
        title=pick(line.title_zh, line.title_en),
        order=line.order.group.public_id,
        order_reference=line.order.group.reference,
        reason=found.recall.reason,
        advice=found.recall.advice,
        open=found.recall.state == RecallState.TOLD,
        not_sent=line.order.shipped_at is None,
        reply=_(REPLIES[RecallReply(found.reply)]) if found.reply else None,
        paid_back_fen=found.claim.settled_fen if found.claim is not None else None,
        replies=[{"value": reply.value, "label": _(words)} for reply, words in REPLIES.items()],
    )


@blueprint.post("/recalls/<public_id>", endpoint="recall_answer")
@allow(SIGNED_IN)
def recall_answer(public_id: str) -> Response:
    """Take the buyer's word, and send the money back."""
    form, now = read_form(ReplyForm()), clock.now()
    with transaction():
        claim = answer_recall(public_id, account().id, account().public_id, form["reply"], now=now)
        payment = payment_of_answer(claim) if claim is not None else None
    if payment is not None:
        send_refunds(payment, now=now)
    flash(_("Thank you. It helps us to find every box."), "success")
    return see_other(url_for("storefront.recall", public_id=public_id))
