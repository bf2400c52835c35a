"""Paying out: for the operator, and for the farm that is paid."""

import re
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.ledger.queries import balance_fen
from marketplace.orders.shares import producer_account
from marketplace.payments.models import PayeeAccount, PayoutBatch, PayoutLine, PayoutWay
from marketplace.payments.payees import set_payee
from marketplace.payments.paying_out import send_batch
from marketplace.payments.payout_queries import find_payee, get_batch, line_of_payee, lines_of_payee, lock_line, newest_batches
from marketplace.payments.payout_states import BatchState, LineState
from marketplace.payments.payouts import approve_batch, confirm_line, discard_batch, draft_batch, return_line
from marketplace.transparency.slips import slip_of
from marketplace.web.access import account
from marketplace.web.acting import current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import LARGEST_FEN, FenField, InputSchema, Line, Spelled
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint("api-payouts", __name__, url_prefix="/api/v1", description="Paying out")

_ACCOUNT_NUMBER = re.compile(r"[0-9]{8,30}")
_WAYS = [way.value for way in PayoutWay]


class PayoutLineSchema(OutputSchema):
    """What one payee gets in a batch."""

    public_id = fields.String()
    reference = fields.String()
    payee = fields.String(attribute="ledger_code", metadata={"description": "The ledger account that is paid out"})
    account_last_four = fields.String(attribute="last_four")
    amount_fen = fields.Integer(metadata={"minimum": 1, "maximum": LARGEST_FEN})
    state = fields.String(validate=validate.OneOf([state.value for state in LineState]))
    bank_reference = fields.String(allow_none=True)
    return_reason = fields.String(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)


class PayoutBatchSchema(OutputSchema):
    """A batch without its lines."""

    public_id = fields.String()
    reference = fields.String()
    way = fields.String(validate=validate.OneOf(_WAYS))
    state = fields.String(validate=validate.OneOf([state.value for state in BatchState]))
    drafted_at = fields.AwareDateTime()
    approved_at = fields.AwareDateTime(allow_none=True)
    sent_at = fields.AwareDateTime(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)


class WholeBatchSchema(PayoutBatchSchema):
    """A batch with its lines."""

    lines = fields.List(fields.Nested(PayoutLineSchema))


class PayoutBatchesSchema(OutputSchema):
    """The newest batches."""

    items = fields.List(fields.Nested(PayoutBatchSchema))


class DraftSchema(InputSchema):
    """Which way, and from which balance on."""

    way = fields.String(required=True, validate=validate.OneOf(_WAYS))
    minimum_fen = FenField(required=True)


class ConfirmSchema(InputSchema):
    """The bank's own name for what it has paid."""

    bank_reference = Line(64, required=True)


class ReturnSchema(InputSchema):
    """Why the money has come back."""

    reason = Line(200, required=True)


class BankAccountSchema(OutputSchema):
    """Where a farm's money goes; null where nothing was said. The number is never given back."""

    way = fields.String(validate=validate.OneOf(_WAYS))
    holder = fields.String()
    bank = fields.String()
    account_last_four = fields.String(attribute="last_four")
    changed_at = fields.AwareDateTime()


class BankAccountInSchema(InputSchema):
    """A bank account."""

    holder = Line(60, required=True)
    bank = Line(60, required=True)
    number = Spelled(_ACCOUNT_NUMBER, most=30, required=True)


class FarmMoneySchema(OutputSchema):
    """What is ready to be paid out to a farm, where it goes, and what was sent there, newest first."""

    ready_fen = fields.Integer(metadata={"description": "Negative when refunds came after a payout"})
    bank_account = fields.Nested(BankAccountSchema, allow_none=True)
    payouts = fields.List(fields.Nested(PayoutLineSchema))


class PayoutSlipSchema(OutputSchema):
    """A payout as it stands in the public log; `code` holds all that is needed to check it offline."""

    booking = fields.String(metadata={"description": "The transfer as it is written down: a JSON array"})
    position = fields.Integer()
    size = fields.Integer()
    code = fields.String(metadata={"pattern": "^NONGQIAO1:[A-Z2-7]+$"})


@blueprint.get("/payouts")
@only(RoleKind.OPERATOR)
@blueprint.response(200, PayoutBatchesSchema)
def batches() -> dict[str, Any]:
    """The newest 50 batches."""
    return {"items": [row.batch for row in newest_batches()]}


@blueprint.post("/payouts")
@only(RoleKind.OPERATOR)
@blueprint.arguments(DraftSchema)
@blueprint.response(201, WholeBatchSchema)
@problems(409, *BODY)
def draft(given: dict[str, Any]) -> PayoutBatch:
    """Make a batch of everything payable.

    The money leaves the payees' ledger accounts at once, so a call that is repeated makes no second batch of it but answers
    `nothing_payable` (409).
    """
    with transaction():
        made = draft_batch(PayoutWay(given["way"]), given["minimum_fen"], actor=account().public_id, now=clock.now())
    return get_batch(made.public_id)


@blueprint.get("/payouts/<public_id:public_id>")
@only(RoleKind.OPERATOR)
@blueprint.response(200, WholeBatchSchema)
@problems(404)
def batch(public_id: str) -> PayoutBatch:
    """One batch with its lines."""
    return get_batch(public_id)


@blueprint.post("/payouts/<public_id:public_id>/approve")
@only(RoleKind.OPERATOR)
@blueprint.response(200, WholeBatchSchema)
@problems(404, 409)
def approve(public_id: str) -> PayoutBatch:
    """Approve a batch that somebody else has made (`second_person_needed`, 409, when it was you)."""
    with transaction():
        approve_batch(get_batch(public_id, lock=True), actor=account().public_id, now=clock.now())
    return get_batch(public_id)


@blueprint.post("/payouts/<public_id:public_id>/send")
@only(RoleKind.OPERATOR)
@blueprint.response(200, WholeBatchSchema)
@problems(404, 409)
def send(public_id: str) -> PayoutBatch:
    """Let an approved batch out of the house; the file for the bank is downloaded by a person."""
    send_batch(public_id, actor=account().public_id, now=clock.now())
    return get_batch(public_id)


@blueprint.post("/payouts/<public_id:public_id>/discard")
@only(RoleKind.OPERATOR)
@blueprint.response(200, WholeBatchSchema)
@problems(404, 409)
def discard(public_id: str) -> PayoutBatch:
    """Give up a batch that has not been sent; its money is payable again."""
    with transaction():
        discard_batch(get_batch(public_id, lock=True), actor=account().public_id, now=clock.now())
    return get_batch(public_id)


@blueprint.post("/payouts/lines/<public_id:public_id>/confirm")
@only(RoleKind.OPERATOR)
@blueprint.arguments(ConfirmSchema)
@blueprint.response(200, PayoutLineSchema)
@problems(404, 409, *BODY)
def confirm(given: dict[str, str], public_id: str) -> PayoutLine:
    """Note that the bank has paid a line; the same again changes nothing."""
    with transaction():
        line = lock_line(public_id)
        confirm_line(line, given["bank_reference"], actor=account().public_id, now=clock.now())
    return line


@blueprint.post("/payouts/lines/<public_id:public_id>/return")
@only(RoleKind.OPERATOR)
@blueprint.arguments(ReturnSchema)
@blueprint.response(200, PayoutLineSchema)
@problems(404, 409, *BODY)
def come_back(given: dict[str, str], public_id: str) -> PayoutLine:
    """Note that the money of a line has come back; it is its owner's again."""
    with transaction():
        line = lock_line(public_id)
        return_line(line, given["reason"], actor=account().public_id, now=clock.now())
    return line


@blueprint.get("/farm/money")
@for_farm(Scope.RECEIVE_MONEY)
@blueprint.response(200, FarmMoneySchema)
@problems(404)
def money() -> dict[str, Any]:
    """What is ready for a farm, and what was sent to it. Its bank account is shown to the farm itself alone, else null."""
    seller = current_seller()
    code = producer_account(seller.producer.public_id)
    payee = None if seller.by_mandate else find_payee(code)
    return {"ready_fen": balance_fen(code), "bank_account": payee, "payouts": lines_of_payee(code)}


@blueprint.get("/farm/money/payouts/<public_id:public_id>/slip")
@for_farm(Scope.RECEIVE_MONEY)
@blueprint.response(200, PayoutSlipSchema)
@problems(404)
def slip(public_id: str) -> dict[str, Any]:
    """The slip of a payout, by which anybody can check it offline (`check_slip.py`). Not there before the night after it."""
    line = line_of_payee(producer_account(current_seller().producer.public_id), public_id)
    found = slip_of("payout", "payout_line", line.public_id)
    if found is None:
        raise NotFound("slip_not_signed", N_("The public log is signed each night; please ask again tomorrow."))
    return {"booking": found.line, "position": found.position, "size": found.size, "code": found.code}


@blueprint.post("/farm/money/bank-account")
@only(RoleKind.FARMER)
@blueprint.arguments(BankAccountInSchema)
@blueprint.response(200, BankAccountSchema)
@problems(404, *BODY)
def bank_account(given: dict[str, str]) -> PayeeAccount:
    """Say where your farm's money goes from the next payout on."""
    code = producer_account(current_seller().producer.public_id)
    with transaction():
        return set_payee(
            code,
            PayoutWay.BANK,
            given["holder"],
            given["bank"],
            given["number"],
            actor=account().public_id,
            now=clock.now(),
        )
