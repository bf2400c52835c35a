"""The purchasing desk: contracts, their deliveries, and weighing what has come."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, DomainError, NotFound
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.orders.by_contract import grams_of
from marketplace.orders.queries import payment_of
from marketplace.payments.states import PaymentState
from marketplace.sourcing import accepting, contracting
from marketplace.sourcing.accepting import MOST_PICTURES, Found
from marketplace.sourcing.enterprises import Deed, find_member, may_approve, member_for
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, ContractDelivery, ContractPart
from marketplace.sourcing.states import ContractState, PartState
from marketplace.web.acceptance_pictures import pictures_of
from marketplace.web.access import account, allow
from marketplace.web.claim_words import private_folder
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import Amount, FormError, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.redirects import see_other
from marketplace.web.sourcing_words import chip, goods_name, grade_options, reason_words
from marketplace.web.uploads import sent_files, takes_files

blueprint = Blueprint("buyer_contracts", __name__, url_prefix="/buyer/contracts")

_TO_WEIGH = (PartState.ORDERED, PartState.QUESTIONED)


class WeighForm(FormSchema):
    """What was found on the scales, in kilograms."""

    weighed = Amount(required=True)
    accepted = Amount(required=True)
    refused = Amount(load_default=0)
    grade = fields.Enum(Grade, by_value=fields.String(), load_default=Grade.UNGRADED)
    because = Text(load_default="", validate=validate.Length(max=200))
    surplus = fields.Boolean(load_default=False, truthy={"yes"}, falsy={""})
    goes = Text(load_default="back", validate=validate.OneOf(["back", "written_off"]))


class RefuseForm(FormSchema):
    """Why a contract is not approved."""

    because = Text(required=True, validate=validate.Length(max=200), error_messages={"required": N_("Please give the reason.")})


def _enterprise_id() -> int:
    member = find_member(account().id)
    return member.enterprise_id if member is not None else 0


@blueprint.get("/")
@allow(RoleKind.ENTERPRISE)
def listed() -> str:
    """Contracts, and above them what has come and waits for the scales."""
    own = _enterprise_id()
    waiting = db.session.scalars(
        select(ContractPart)
        .join(Contract)
        .where(Contract.enterprise_id == own, ContractPart.state.in_(_TO_WEIGH))
        .options(joinedload(ContractPart.producer), joinedload(ContractPart.listing), joinedload(ContractPart.delivery))
        .order_by(ContractPart.due_at, ContractPart.id)
    ).all()
    rows = db.session.scalars(
        select(Contract)
        .filter_by(enterprise_id=own)
        .options(joinedload(Contract.demand), selectinload(Contract.parts))
        .order_by((Contract.state == ContractState.TO_APPROVE).desc(), Contract.id.desc())
        .limit(200)
    ).all()
    return render_template(
        "buyer/contracts.html",
        waiting=[_part(row) for row in waiting],
        contracts=[_row(row) for row in rows],
        owed=[_owed(row) for row in _payable(own)],
    )


def _row(contract: Contract) -> dict[str, Any]:
    label, tone = chip(ContractState(contract.state))
    return {
        "public_id": contract.public_id,
        "reference": contract.reference,
        "goods": goods_name(contract.demand),
        "grams": contract.grams,
        "total_fen": contract.total_fen,
        "sellers": len({part.producer_id for part in contract.parts}),
        "state": label,
        "tone": tone,
    }


def _part(part: ContractPart) -> dict[str, Any]:
    label, tone = chip(PartState(part.state))
    record = part.records[-1] if part.records else None
    return {
        "public_id": part.public_id,
        "seller": pick(part.producer.name_zh, part.producer.name_en),
        "title": pick(part.listing.title_zh, part.listing.title_en),
        "opens_on": part.delivery.opens_on,
        "number": part.delivery.number,
        "grams": part.grams,
        "fen_kg": part.fen_kg,
        "total_fen": part.total_fen,
        "state": label,
        "tone": tone,
        "reason": reason_words(part.reason),
        "accepted_g": part.accepted_g,
        "invoice_matches": part.invoice_matches,
        "record": record,
        "pictures": pictures_of(record) if record is not None else [],
        "to_weigh": part.state in _TO_WEIGH,
        "order": part.order,
    }


def _payable(enterprise_id: int) -> list[ContractDelivery]:
    rows = db.session.scalars(
        select(ContractDelivery)
        .join(Contract, Contract.id == ContractDelivery.contract_id)
        .where(Contract.enterprise_id == enterprise_id, ContractDelivery.payable_at.is_not(None))
        .options(
            joinedload(ContractDelivery.group), joinedload(ContractDelivery.contract), joinedload(ContractDelivery.delivery)
        )
        .order_by(ContractDelivery.pay_by_at)
    )
    return [row for row in rows if row.group is not None and row.group.paid_at is None]


def _owed(row: ContractDelivery) -> dict[str, Any]:
    assert row.group is not None
    payment = payment_of(row.group)
    return {
        "contract": row.contract.reference,
        "number": row.delivery.number,
        "amount_fen": payment.amount_fen,
        "reference": payment.reference,
        "pay_by_at": row.pay_by_at,
        "late": row.pay_by_at is not None and row.pay_by_at < clock.now() and payment.state != PaymentState.PAID,
    }


def _own(public_id: str) -> Contract:
    contract = db.session.scalars(select(Contract).filter_by(public_id=public_id, enterprise_id=_enterprise_id())).first()
    if contract is None:
        raise NotFound("contract_unknown", N_("There is no such contract."))
    return contract


@blueprint.get("/<public_id>")
@allow(RoleKind.ENTERPRISE)
def show(public_id: str) -> str:
    """A contract: what was agreed, delivery by delivery, and what became of it."""
    return _page(public_id)


def _page(public_id: str, refused: str | None = None) -> str:
    contract = _own(public_id)
    label, tone = chip(ContractState(contract.state))
    member = find_member(account().id)
    approver = db.session.get(Account, contract.approved_by_id) if contract.approved_by_id is not None else None
    by_delivery = {row.delivery_id: row for row in contract.deliveries}
    return render_template(
        "buyer/contract.html",
        contract=contract,
        goods=goods_name(contract.demand),
        state=label,
        tone=tone,
        refused=refused,
        waits=contract.state == ContractState.TO_APPROVE,
        mine=member is not None and may_approve(member, contract.total_fen),
        approved_by=approver.display_name if approver is not None else None,
        because=reason_words(contract.refused_because),
        deliveries=[
            {
                "number": row.delivery.number,
                "opens_on": row.delivery.opens_on,
                "closes_on": row.delivery.closes_on,
                "group": row.group,
                "pay_by_at": row.pay_by_at,
                "parts": [_part(part) for part in contract.parts if part.delivery_id == key],
            }
            for key, row in by_delivery.items()
        ],
    )


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.ENTERPRISE)
def approve(public_id: str) -> Response | tuple[str, int]:
    """Put it in force."""
    read_form(FormSchema())
    now = clock.now()
    _own(public_id)
    try:
        with transaction():
            first = contracting.approve(member_for(account(), Deed.APPROVE, now=now), public_id, now=now)
    except DomainError as error:
        return _page(public_id, message_of(error)), status_of(error)
    flash(_("The contract is in force.") if first else _("Somebody had approved it before you."), "success")
    return see_other(url_for("buyer_contracts.show", public_id=public_id))


@blueprint.post("/<public_id>/refuse")
@allow(RoleKind.ENTERPRISE)
def refuse(public_id: str) -> Response | tuple[str, int]:
    """Say no; the answers can be chosen among again."""
    now = clock.now()
    _own(public_id)
    try:
        form = read_form(RefuseForm())
        with transaction():
            contracting.refuse(member_for(account(), Deed.APPROVE, now=now), public_id, form["because"], now=now)
    except DomainError as error:
        return _page(public_id, message_of(error)), status_of(error)
    flash(_("The contract is not approved. The answers can be chosen among again."), "success")
    return see_other(url_for("buyer_contracts.show", public_id=public_id))


def _own_part(public_id: str) -> ContractPart:
    part = db.session.scalars(
        select(ContractPart)
        .join(Contract)
        .where(ContractPart.public_id == public_id, Contract.enterprise_id == _enterprise_id())
    ).first()
    if part is None or part.order is None:
        raise NotFound("part_unknown", N_("There is no such part of a contract."))
    return part


@blueprint.get("/parts/<public_id>/weigh")
@allow(RoleKind.ENTERPRISE)
def weigh(public_id: str) -> str | Response:
    """The scales at the kitchen's door, on a phone."""
    part = _own_part(public_id)
    if part.state not in _TO_WEIGH:
        return see_other(url_for("buyer_contracts.show", public_id=part.contract.public_id))
    return _scales(part, {}, {})


@blueprint.post("/parts/<public_id>/weigh")
@allow(RoleKind.ENTERPRISE)
@takes_files(MOST_PICTURES)
def weighed(public_id: str) -> Response | tuple[str, int]:
    """Note what was found."""
    now = clock.now()
    part = _own_part(public_id)
    try:
        form = read_form(WeighForm())
        pictures = [store_picture(read_picture(file.read()), private_folder()) for file in sent_files("pictures")]
        found = Found(
            int(form["weighed"] * 1000),
            int(form["accepted"] * 1000),
            int(form["refused"] * 1000),
            form["grade"],
            form["because"],
            form["goes"] == "back",
            form["surplus"],
            pictures,
        )
        with transaction():
            state = accepting.weigh(member_for(account(), Deed.RECEIVE, now=now), public_id, found, now=now).state
    except FormError as error:
        return _scales(_own_part(public_id), request.form, error.fields), 422
    except DomainError as error:
        return _scales(_own_part(public_id), request.form, {}, message_of(error)), status_of(error)
    said = _("Weighed. The farm has three days to look at it.") if state == PartState.WEIGHED else _("Accepted.")
    flash(said, "success")
    return see_other(url_for("buyer_contracts.show", public_id=part.contract.public_id))


def _scales(part: ContractPart, typed: Mapping[str, Any], errors: Mapping[str, str], refused: str | None = None) -> str:
    assert part.order is not None
    agreed = accepting.agreed_of(part, grams_of(part.order))
    ordered = f"{agreed.ordered_g / 1000:g}"
    return render_template(
        "buyer/weigh.html",
        part=_part(part),
        contract=part.contract,
        form=typed or {"weighed": ordered, "accepted": ordered, "refused": "0", "grade": part.contract.demand.grade},
        ordered_kg=ordered,
        agreed=agreed if agreed.least_g < agreed.most_g else None,
        last=part.records[-1] if part.records else None,
        errors=errors,
        refused=refused,
        grades=grade_options(),
        most_pictures=MOST_PICTURES,
    )
