"""Choosing where things would be delivered, so that lists show what can come there."""

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE
from werkzeug.wrappers import Response

from marketplace.kernel.errors import N_
from marketplace.regions.models import Level
from marketplace.regions.queries import children
from marketplace.web.access import PUBLIC, allow
from marketplace.web.deliveries import deliver_to, delivery_area, delivery_place
from marketplace.web.forms import FormError, FormSchema, Text, read_form, spelled
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.redirects import own_path, see_other

_PROVINCE = N_("Please choose a province.")


class NextQuery(FormSchema):
    """Where to go on to."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    next = Text(load_default="")


class DeliveryForm(NextQuery):
    """A province, or nothing for one that is not said."""

    class Meta:
        """Refuse what the form does not have."""

        unknown = "raise"

    province = Text(load_default="", validate=spelled(r"([0-9]{2})?", error=_PROVINCE))


@blueprint.get("/deliver-to")
@allow(PUBLIC)
def delivery() -> str:
    """The provinces to choose from."""
    return _page(read_form(NextQuery(), request.args)["next"])


@blueprint.post("/deliver-to")
@allow(PUBLIC)
def delivery_choose() -> Response | tuple[str, int]:
    """Remember a province on this browser, and go back to where it was asked."""
    try:
        form = read_form(DeliveryForm())
        if form["province"] and form["province"] not in {area.code for area in children(None)}:
            raise FormError({"province": _(_PROVINCE)})
    except FormError as error:
        return _page(request.form.get("next", ""), error.fields.get("province") or _(_PROVINCE)), 422
    deliver_to(form["province"])
    place = delivery_place()
    if place is not None:
        flash(_("You now see what can be delivered to: %(place)s.", place=place), "success")
    else:
        flash(_("You now see everything, wherever it is delivered."), "success")
    return see_other(own_path(form["next"]) or url_for("storefront.home"))


def _page(target: str, error: str | None = None) -> str:
    provinces = [(area.code, place_name(area.name)) for area in children(None)]
    return render_template(
        "storefront/delivery.html",
        target=own_path(target) or "",
        provinces=[("", _("I would rather not say")), *provinces],
        chosen=delivery_area()[: Level.PROVINCE],
        error=error,
    )
