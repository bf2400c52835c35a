"""Price lists on pages: how one is written down, kind of goods by kind of goods, and how it is shown to whom it is for."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from marshmallow import fields, validate

from marketplace.kernel.errors import N_, DomainError
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Enterprise, PriceList
from marketplace.sourcing.price_lists import LONGEST_NAME, ListGiven, Step, goods_of
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import Amount, FormError, FormSchema, Text, Yuan
from marketplace.web.languages import pick
from marketplace.web.sourcing_words import grade_name, grade_options

# A page has the price of any amount and two steps; a program sends as many as it likes.
STEPS = (2, 3)
EVERY = "every"
_DAY = dict.fromkeys(("required", "invalid"), N_("Please choose a day."))
_FIELD_OF_CODE = {
    "list_name": "name",
    "window_in_order": "valid_to",
    "window_past": "valid_to",
    "price_range": "price",
    "goods_unknown": "goods",
    "from_range": "from_2",
    "steps_twice": "from_2",
    "steps_not_falling": "price_2",
    "enterprise_unknown": "enterprise",
}

PriceListForm = FormSchema.from_dict(
    {
        "name": Text(
            required=True,
            validate=validate.Length(max=LONGEST_NAME),
            error_messages={"required": N_("Please give a name of 1 to 60 characters.")},
        ),
        "enterprise": Text(load_default=EVERY, validate=validate.Length(max=20)),
        "valid_from": fields.Date(required=True, error_messages=_DAY),
        "valid_to": fields.Date(required=True, error_messages=_DAY),
        "goods": Text(required=True, error_messages={"required": N_("Please choose what it is.")}),
        "grade": fields.Enum(Grade, by_value=fields.String(), load_default=Grade.UNGRADED),
        "price": Yuan(required=True, error_messages={"required": N_("Please say the price of a kilogram.")}),
        **{f"from_{row}": Amount(load_default=None) for row in STEPS},
        **{f"price_{row}": Yuan(load_default=None) for row in STEPS},
    },
    name="PriceListForm",
)


def given_by(form: Mapping[str, Any]) -> ListGiven:
    """The list that a checked form says.

    Raises
    ------
    FormError
        Where a step has an amount without a price, or a price without an amount.
    """
    steps = [Step(form["goods"], form["grade"], 0, form["price"])]
    for row in STEPS:
        from_kg, price_fen = form[f"from_{row}"], form[f"price_{row}"]
        if from_kg is None and price_fen is None:
            continue
        if from_kg is None:
            raise FormError({f"from_{row}": _("Please say from how much on.")})
        if price_fen is None:
            raise FormError({f"price_{row}": _("Please give the price.")})
        steps.append(Step(form["goods"], form["grade"], int(from_kg * 1000), price_fen))
    enterprise = None if form["enterprise"] == EVERY else form["enterprise"]
    return ListGiven(form["name"], form["valid_from"], form["valid_to"], steps, enterprise)


def wrong_fields(error: DomainError) -> dict[str, str]:
    """What is wrong with a list, beside the fields of its form."""
    return errors_by_field(error, _FIELD_OF_CODE.get(error.code, ""))


def form_options(producer_id: int | None, known: Sequence[Enterprise]) -> dict[str, Any]:
    """What the form of a list offers: goods, grades, and for whom."""
    return {
        "goods": [(row.slug, pick(row.name_zh, row.name_en)) for row in goods_of(producer_id)],
        "grades": grade_options(),
        "enterprises": [(EVERY, _("Every enterprise")), *((row.public_id, row.name) for row in known)],
        "steps": STEPS,
    }


def list_row(price_list: PriceList) -> dict[str, Any]:
    """A list as a page shows it."""
    producer, enterprise = price_list.producer, price_list.enterprise
    return {
        "public_id": price_list.public_id,
        "name": price_list.name,
        "seller": pick(producer.name_zh, producer.name_en) if producer is not None else None,
        "buyer": enterprise.name if enterprise is not None else _("Every enterprise"),
        "valid_from": price_list.valid_from,
        "valid_to": price_list.valid_to,
        "lines": [
            {
                "goods": pick(line.product.name_zh, line.product.name_en),
                "grade": grade_name(line.grade),
                "from_g": line.from_g,
                "fen_kg": line.fen_kg,
            }
            for line in price_list.lines
        ],
        # What can be ordered of it, each kind and grade once.
        "options": list(
            {
                f"{line.product.slug}:{line.grade}": f"{pick(line.product.name_zh, line.product.name_en)} · "
                f"{grade_name(line.grade)}"
                for line in price_list.lines
            }.items()
        ),
    }
