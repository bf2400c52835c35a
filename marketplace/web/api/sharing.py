"""Whether other offices may ask after a household in the name of its consent."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields

from marketplace.exchange.sharing import KIND
from marketplace.identity.consents import Purpose, find_consent, give_consent, withdraw_consent
from marketplace.identity.models import EvidenceKind, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.registry.models import Household
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import InputSchema, YesNoField
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.own_household import own_household

blueprint: Blueprint = ApiBlueprint(
    "api-sharing", __name__, url_prefix="/api/v1/farm/sharing", description="Who may ask after a household"
)


class SharingSchema(OutputSchema):
    """Whether your household has agreed, in which words and when."""

    agreed = fields.Boolean()
    text_version = fields.String(allow_none=True)
    given_at = fields.AwareDateTime(allow_none=True)


class SharingChoiceSchema(InputSchema):
    """The household's own word."""

    agreed = YesNoField(required=True)


@blueprint.get("")
@only(RoleKind.FARMER)
@blueprint.response(200, SharingSchema)
@problems(404)
def own_sharing() -> dict[str, Any]:
    """Whether other offices may ask after your household."""
    return _shown(own_household())


@blueprint.put("")
@only(RoleKind.FARMER)
@blueprint.arguments(SharingChoiceSchema)
@blueprint.response(200, SharingSchema)
@problems(404, *BODY)
def choose_sharing(given: dict[str, Any]) -> dict[str, Any]:
    """Agree, in the words of today, or take that back; both count at once."""
    household, by, now = own_household(), account().public_id, clock.now()
    with transaction():
        if given["agreed"]:
            how = EvidenceKind.SIGNED_IN
            give_consent(KIND, household.public_id, Purpose.SHARING, how, recorded_by=by, now=now)
        else:
            withdraw_consent(KIND, household.public_id, Purpose.SHARING, by=by, now=now)
    return _shown(household)


def _shown(household: Household) -> dict[str, Any]:
    consent = find_consent(KIND, household.public_id, Purpose.SHARING)
    return {
        "agreed": consent is not None,
        "text_version": consent.text_version if consent is not None else None,
        "given_at": consent.given_at if consent is not None else None,
    }
