"""The purchasing desk: the prices that farms and the market have for one's enterprise, and ordering of a farm's list."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, DomainError
from marketplace.sourcing.call_offs import CallOff, order_of_list
from marketplace.sourcing.enterprises import Deed, may, member_for, own_member, places_of
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.price_lists import lists_for
from marketplace.sourcing.states import ContractState
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import Amount, FormError, FormSchema, Text, read_form, spelled
from marketplace.web.price_list_pages import list_row
from marketplace.web.redirects import see_other

blueprint = Blueprint("buyer_price_lists", __name__, url_prefix="/buyer/price-lists")


PER_PAGE = 20


class ListsQuery(FormSchema):
    """Behind which list the page begins."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    after = Text(validate=validate.Length(max=20, error=N_("There is no such price list.")))


class OrderForm(FormSchema):
    """What is ordered of a list; goods are a product's slug and a grade."""

    goods = Text(required=True, validate=spelled(r"[a-z0-9-]{1,80}:[a-z]{1,10}", error=N_("Please choose what it is.")))
    kg = Amount(required=True, error_messages={"required": N_("Please say how many kilograms.")})
    place = Text(required=True, error_messages={"required": N_("Please choose a place.")})
    opens_on = fields.Date(required=True, error_messages=dict.fromkeys(("required", "invalid"), N_("Please choose a day.")))
    words = Text(load_default="", validate=validate.Length(max=400))


@blueprint.get("/")
@allow(RoleKind.ENTERPRISE)
def lists() -> str:
    """The lists that hold for one's enterprise, farms' own before the market's."""
    return _page()


def _page(wrong: str | None = None, refused: str | None = None, typed: Mapping[str, Any] | None = None) -> str:
    now, after = clock.now(), read_form(ListsQuery(), request.args).get("after")
    with transaction():
        member = own_member(account(), now=now)
        found = lists_for(member.enterprise_id, clock.local_day(now), after=after, limit=PER_PAGE + 1)
        shown = found[:PER_PAGE]
        return render_template(
            "buyer/price_lists.html",
            lists=[list_row(row) for row in shown],
            after=after,
            more=shown[-1].public_id if len(found) > PER_PAGE else None,
            places=[(row.public_id, row.name) for row in places_of(member.enterprise_id)],
            buys=may(member, Deed.BUY),
            wrong=wrong,
            refused=refused,
            typed=typed or {},
        )


@blueprint.post("/<public_id>/order")
@allow(RoleKind.ENTERPRISE)
def order(public_id: str) -> Response | tuple[str, int]:
    """Order of a farm's list: a contract at the listed price."""
    now = clock.now()
    try:
        form = read_form(OrderForm())
        product, _colon, grade = form["goods"].partition(":")
        if grade not in set(Grade):
            raise FormError({"goods": _("Please choose what it is.")})
        wanted = CallOff(
            product, Grade(grade), int(form["kg"] * 1000), form["place"], form["opens_on"], form["opens_on"], form["words"]
        )
        with transaction():
            made = order_of_list(member_for(account(), Deed.BUY, now=now), public_id, wanted, now=now)
            name, binding = made.public_id, made.state == ContractState.IN_FORCE
    except FormError as error:
        return _page(public_id, "；".join(error.fields.values()), request.form), 422
    except DomainError as error:
        return _page(public_id, message_of(error), request.form), status_of(error)
    flash(_("Ordered at the price of the list.") if binding else _("It waits for somebody whose limit covers it."), "success")
    return see_other(url_for("buyer_contracts.show", public_id=name))
