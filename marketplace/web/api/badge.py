"""The badge on a farm's goods: whether the farm agrees to it."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields

from marketplace.catalogue.badge import agree_to_badge, refuse_badge
from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND
from marketplace.identity.consents import Purpose, find_consent
from marketplace.identity.models import EvidenceKind, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.web.access import account
from marketplace.web.acting import current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import InputSchema, YesNoField
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint("api-badge", __name__, url_prefix="/api/v1/farm/badge", description="The badge on goods")


class BadgeSchema(OutputSchema):
    """Whether goods may carry the badge, and the consent behind it, which a farm that agreed long ago may not have."""

    agreed = fields.Boolean()
    text_version = fields.String(allow_none=True, metadata={"description": "Of the words that were agreed to"})
    given_at = fields.AwareDateTime(allow_none=True)


class BadgeChoiceSchema(InputSchema):
    """The farm's own word."""

    agreed = YesNoField(required=True)


@blueprint.get("")
@only(RoleKind.FARMER)
@blueprint.response(200, BadgeSchema)
@problems(404)
def badge() -> dict[str, Any]:
    """Whether your goods may carry the badge."""
    return _shown(current_seller().producer)


@blueprint.put("")
@only(RoleKind.FARMER)
@blueprint.arguments(BadgeChoiceSchema)
@blueprint.response(200, BadgeSchema)
@problems(404, *BODY)
def choose(given: dict[str, Any]) -> dict[str, Any]:
    """Agree to the badge, in the words of today, or take that back; both count at once."""
    producer, now = current_seller().producer, clock.now()
    with transaction():
        if given["agreed"]:
            agree_to_badge(producer.id, EvidenceKind.SIGNED_IN, actor=account().public_id, now=now)
        else:
            refuse_badge(producer.id, actor=account().public_id, now=now)
    return _shown(producer)


def _shown(producer: Producer) -> dict[str, Any]:
    consent = find_consent(KIND, producer.public_id, Purpose.BADGE)
    return {
        "agreed": producer.badge_consent,
        "text_version": consent.text_version if consent is not None else None,
        "given_at": consent.given_at if consent is not None else None,
    }
