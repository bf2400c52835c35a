"""Portal: messages of payment providers. There is no session and no cookie here; the signature says who speaks."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from marketplace.kernel import clock
from marketplace.orders.collecting import receive_event
from marketplace.payments.gateway import EventNotGenuine, ProviderUnavailable
from marketplace.web.access import PUBLIC, allow

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")


@blueprint.post("/stripe")
@allow(PUBLIC)
def stripe() -> Response:
    """Take a message of Stripe: 204 once it is kept and acted on, 400 without a good signature.

    Whatever else goes wrong is no 2xx, so that the message comes again.
    """
    try:
        receive_event(request.get_data(), request.headers.get("Stripe-Signature", ""), now=clock.now())
    except EventNotGenuine as error:
        return Response(error.code, status=400, mimetype="text/plain")
    except ProviderUnavailable as error:
        return Response(error.code, status=503, mimetype="text/plain")
    return Response(status=204)
