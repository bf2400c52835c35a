"""What all pages of the farmer's side share: the frame around them, and what is said to who has no farm or several."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.web.acting import ChooseFirst, NoProducer
from marketplace.web.portals.producer_mandates import acting_frame


def farm_pages(blueprint: Blueprint) -> None:
    """Give the pages of a blueprint, and of those inside it, this frame."""
    blueprint.register_error_handler(NoProducer, _no_producer)
    blueprint.register_error_handler(ChooseFirst, _choose_first)
    # The banner of somebody who acts for another household, and the part of the menu that is open to them.
    blueprint.context_processor(acting_frame)


def _no_producer(error: NoProducer) -> tuple[str, int]:
    """Somebody who only looks is told what to do next; an act has nothing to act on."""
    return render_template("producer/none.html"), 200 if request.method == "GET" else 404


def _choose_first(error: ChooseFirst) -> Response:
    """Somebody who may act for several households says for which."""
    return redirect(url_for("producer.mandates.choose"), 303)
