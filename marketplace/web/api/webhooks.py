"""Addresses that are told of events."""

from typing import Any

from flask import current_app
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.kernel.outbox.posting import try_again
from marketplace.kernel.outbox.queries import Standing, standing
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, problems, signed_in
from marketplace.web.api.inputs import InputSchema, Line
from marketplace.web.api.schemas import OutputSchema
from marketplace.webhooks import queries
from marketplace.webhooks.addresses import LONGEST
from marketplace.webhooks.models import WebhookEndpoint
from marketplace.webhooks.service import EVENTS, MOST_ENDPOINTS, add_endpoint, end_endpoint, shown_secret

blueprint: Blueprint = ApiBlueprint(
    "api-webhooks", __name__, url_prefix="/api/v1/webhooks", description="Addresses that are told of events"
)


class WebhookSchema(InputSchema):
    """An address and of what it shall be told."""

    url = Line(LONGEST, required=True, metadata={"description": "https://…"})
    kinds = fields.List(
        fields.String(validate=validate.OneOf(list(EVENTS))), required=True, validate=validate.Length(1, len(EVENTS))
    )


class EndpointSchema(OutputSchema):
    """An address that is told. ``secret`` signs every call, as Standard Webhooks says."""

    public_id = fields.String()
    url = fields.String()
    kinds = fields.List(fields.String(validate=validate.OneOf(list(EVENTS))))
    secret = fields.String()
    created_at = fields.AwareDateTime()


class EndpointsSchema(OutputSchema):
    """All addresses of an account; there are at most ten."""

    items = fields.List(fields.Nested(EndpointSchema), validate=validate.Length(max=MOST_ENDPOINTS))


class ToldSchema(OutputSchema):
    """An event and how far it has come; ``public_id`` is the ``webhook-id`` of every attempt."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf(list(EVENTS)))
    state = fields.String(validate=validate.OneOf([state.value for state in Standing]))
    attempts = fields.Integer()
    created_at = fields.AwareDateTime()
    sent_at = fields.AwareDateTime(allow_none=True)
    last_error = fields.String()


class ToldListSchema(OutputSchema):
    """The newest events of an address, at most fifty."""

    items = fields.List(fields.Nested(ToldSchema))


def _shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "public_id": endpoint.public_id,
        "url": endpoint.url,
        "kinds": endpoint.kinds,
        "secret": shown_secret(endpoint),
        "created_at": endpoint.created_at,
    }


def _told(message: OutgoingMessage) -> dict[str, Any]:
    return {
        "public_id": message.public_id,
        "kind": message.template,
        "state": standing(message),
        "attempts": message.attempts,
        "created_at": message.created_at,
        "sent_at": message.sent_at,
        "last_error": message.last_error,
    }


@blueprint.get("")
@signed_in
@blueprint.response(200, EndpointsSchema)
def webhooks() -> dict[str, Any]:
    """Your addresses, newest first."""
    return {"items": [_shown(endpoint) for endpoint in queries.endpoints_of(account().id)]}


@blueprint.post("")
@signed_in
@blueprint.arguments(WebhookSchema)
@blueprint.response(201, EndpointSchema)
@problems(409, *BODY)
def add_webhook(given: dict[str, Any]) -> dict[str, Any]:
    """Have an address told of events of your orders, as buyer or as seller.

    Each call is a POST with `type`, `timestamp` and `data`, signed with the secret in `webhook-signature`. Any 2xx within five
    seconds says that it has come; else it is tried again after 1, 5, 30, 120 and 480 minutes. An event may come twice, with the
    same `webhook-id`. `webhook_there` and `webhooks_full` (409).
    """
    own_network = current_app.extensions["settings"].demo
    with transaction():
        endpoint = add_endpoint(
            account(), given["url"], given["kinds"], own_network=own_network, actor=account().public_id, now=clock.now()
        )
        return _shown(endpoint)


@blueprint.delete("/<public_id:public_id>")
@signed_in
@blueprint.response(204)
@problems(404)
def delete_webhook(public_id: str) -> None:
    """Take an address back; it is told nothing more."""
    with transaction():
        end_endpoint(queries.get_endpoint(public_id, account().id, lock=True), actor=account().public_id, now=clock.now())


@blueprint.get("/<public_id:public_id>/events")
@signed_in
@blueprint.response(200, ToldListSchema)
@problems(404)
def webhook_events(public_id: str) -> dict[str, Any]:
    """What an address was told or is to be told, newest first."""
    endpoint = queries.get_endpoint(public_id, account().id)
    return {"items": [_told(message) for message in queries.told(endpoint)]}


@blueprint.post("/<public_id:public_id>/events/<public_id:message>/again")
@signed_in
@blueprint.response(200, ToldSchema)
@problems(404)
def webhook_again(public_id: str, message: str) -> dict[str, Any]:
    """Send again what was given up; nothing changes for what has arrived or is on its way."""
    with transaction():
        found = queries.get_told(queries.get_endpoint(public_id, account().id), message)
        try_again(found, now=clock.now())
        return _told(found)
