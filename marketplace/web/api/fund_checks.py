"""What programs do with findings of public money and with a bank's days."""

from typing import Any

from marshmallow import fields, validate

from marketplace.funds.bank import MARKET, close_day, days_within, explain_item, get_day, read_day, reopen_day, settle_day
from marketplace.funds.detectors import Kind
from marketplace.funds.looking import decide_finding, findings_within, get_finding
from marketplace.funds.models import BankDay, FundFinding
from marketplace.funds.states import BankDayState, FindingAction, FindingState
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, only, problems
from marketplace.web.api.funds import FundsQuerySchema, blueprint
from marketplace.web.api.inputs import AREA, LARGEST_FEN, InputSchema, Prose, QueryDay, Spelled
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.money_reach import READERS, money_area, money_areas, seen_bank_day, seen_finding

# Who may hold a bank's day against the books: offices their own, the operator the market's.
_KEEPERS = (RoleKind.OFFICER, RoleKind.OPERATOR)


class FundFindingSchema(OutputSchema):
    """Something for a person to look at; it proves nothing."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in Kind]))
    area_code = fields.String()
    amount_fen = fen()
    evidence = fields.List(fields.String(), metadata={"description": "References of payments, or names of moves and of money"})
    found_at = fields.AwareDateTime()
    state = fields.String(validate=validate.OneOf([state.value for state in FindingState]))
    words = fields.String()


class FundFindingsSchema(OutputSchema):
    """Findings, open ones first, the largest amounts first; at most 200."""

    items = fields.List(fields.Nested(FundFindingSchema))


class FundFindingDecisionSchema(InputSchema):
    """What it is, in words."""

    action = fields.String(required=True, validate=validate.OneOf([action.value for action in FindingAction]))
    words = Prose(400, required=True)


class BankItemSchema(OutputSchema):
    """One movement; positive came in."""

    number = fields.Integer()
    side = fields.String(validate=validate.OneOf(["both", "bank", "books"]))
    amount_fen = fields.Integer(metadata={"minimum": -LARGEST_FEN, "maximum": LARGEST_FEN})
    reference = fields.String()
    booked_as = fields.String()
    account_last_four = fields.String(attribute="last_four")
    words = fields.String()


class BankDaySchema(OutputSchema):
    """A bank's day held against the books of an office; the market's account has no area."""

    public_id = fields.String()
    area_code = fields.String()
    day = fields.Date()
    state = fields.String(validate=validate.OneOf([state.value for state in BankDayState]))
    items = fields.List(fields.Nested(BankItemSchema))


class BankDaysSchema(OutputSchema):
    """The newest days, at most 60."""

    items = fields.List(fields.Nested(BankDaySchema))


class BankDayInputSchema(InputSchema):
    """A bank's file: CSV with the columns day, amount, reference, account. Without an area, of the market's own account."""

    area_code = Spelled(AREA, most=12, load_default=None, allow_none=True)
    day = QueryDay(required=True)
    statement = Prose(200_000, required=True)


class BankItemWordsSchema(InputSchema):
    """Why one side alone knows a movement."""

    words = Prose(400, required=True)


def _finding(finding: FundFinding) -> dict[str, Any]:
    names = ("public_id", "kind", "area_code", "amount_fen", "found_at", "state", "words")
    return {**{name: getattr(finding, name) for name in names}, "evidence": finding.evidence["ids"]}


@blueprint.get("/fund-findings")
@only(*READERS)
@blueprint.arguments(FundsQuerySchema, location="query")
@blueprint.response(200, FundFindingsSchema)
@problems(404, 422)
def funds_findings(given: dict[str, Any]) -> dict[str, Any]:
    """What detectors have seen in an area of your own."""
    return {"items": [_finding(one) for one in findings_within(money_area(given.get("area")))]}


@blueprint.post("/fund-findings/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.arguments(FundFindingDecisionSchema)
@blueprint.response(200, FundFindingSchema)
@problems(404, 409, *BODY)
def funds_finding_decide(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say what a finding is; it changes nothing else."""
    with transaction():
        finding = seen_finding(get_finding(public_id, lock=True))
        decide_finding(finding, FindingAction(given["action"]), given["words"], by=account(), now=clock.now())
    return _finding(finding)


@blueprint.get("/bank-days")
@only(*READERS, RoleKind.OPERATOR)
@blueprint.response(200, BankDaysSchema)
def funds_bank_days() -> dict[str, Any]:
    """The days of your offices; for the operator, of the market's account."""
    operator = RoleKind.OPERATOR in {role.kind for role in account().roles}
    return {"items": days_within([*money_areas(), *([MARKET] if operator else [])])}


@blueprint.post("/bank-days")
@only(*_KEEPERS)
@blueprint.arguments(BankDayInputSchema)
@blueprint.response(201, BankDaySchema)
@problems(409, *BODY)
def funds_bank_day_read(given: dict[str, Any]) -> BankDay:
    """Hold a bank's file against the books; a day that is open is read anew."""
    with transaction():
        area = given["area_code"] or MARKET
        return read_day(area, given["day"], given["statement"].encode(), by=account(), now=clock.now())


@blueprint.get("/bank-days/<public_id:public_id>")
@only(*READERS, RoleKind.OPERATOR)
@blueprint.response(200, BankDaySchema)
@problems(404)
def funds_bank_day(public_id: str) -> BankDay:
    """One day."""
    return seen_bank_day(get_day(public_id))


@blueprint.post("/bank-days/<public_id:public_id>/items/<int:number>")
@only(*_KEEPERS)
@blueprint.arguments(BankItemWordsSchema)
@blueprint.response(200, BankItemSchema)
@problems(404, 409, *BODY)
def funds_bank_item_explain(given: dict[str, Any], public_id: str, number: int) -> Any:
    """Say why one side alone knows a movement."""
    with transaction():
        return explain_item(seen_bank_day(get_day(public_id, lock=True)), number, given["words"], by=account(), now=clock.now())


@blueprint.post("/bank-days/<public_id:public_id>/settle")
@only(*_KEEPERS)
@blueprint.response(200, BankDaySchema)
@problems(404, 409)
def funds_bank_day_settle(public_id: str) -> BankDay:
    """Call a day done."""
    with transaction():
        day = seen_bank_day(get_day(public_id, lock=True))
        settle_day(day, by=account(), now=clock.now())
    return day


@blueprint.post("/bank-days/<public_id:public_id>/close")
@only(*_KEEPERS)
@blueprint.response(200, BankDaySchema)
@problems(404, 409)
def funds_bank_day_close(public_id: str) -> BankDay:
    """Close a day as a second person."""
    with transaction():
        day = seen_bank_day(get_day(public_id, lock=True))
        close_day(day, by=account(), now=clock.now())
    return day


@blueprint.post("/bank-days/<public_id:public_id>/reopen")
@only(*_KEEPERS)
@blueprint.response(200, BankDaySchema)
@problems(404, 409)
def funds_bank_day_reopen(public_id: str) -> BankDay:
    """Take a settled day up again."""
    with transaction():
        day = seen_bank_day(get_day(public_id, lock=True))
        reopen_day(day, by=account(), now=clock.now())
    return day
