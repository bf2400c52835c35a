"""Pictures taken at a buyer's scales, for both sides, officers of the seller's area and the operator."""

from flask import Blueprint, Response

from marketplace.identity.models import Account, RoleKind, Scope
from marketplace.identity.queries import may_see
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, NotFound
from marketplace.sourcing.enterprises import find_member
from marketplace.sourcing.models import ContractPart
from marketplace.sourcing.queries import find_record
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.acting import farms_with
from marketplace.web.claim_words import send_private_picture

blueprint = Blueprint("acceptances", __name__, url_prefix="/acceptances")


@blueprint.get("/<public_id>/<int:number>/<int:at>-<int:size>.webp")
@allow(SIGNED_IN)
def picture(public_id: str, number: int, at: int, size: int) -> Response:
    """A picture of a record; to everybody else there is none."""
    return send_private_picture(picture_for(account(), public_id, number, at), size)


def picture_for(reader: Account, part_public_id: str, number: int, at: int) -> str:
    """The name of a picture of a record that somebody may see, or ``NotFound``."""
    record = find_record(part_public_id, number)
    if record is None or not 1 <= at <= len(record.pictures) or not may_see_part(reader, record.part):
        raise NotFound("picture_unknown", N_("There is no such picture."))
    return record.pictures[at - 1]


def may_see_part(reader: Account, part: ContractPart) -> bool:
    """Whether somebody is of the buyer, of the seller or sends its goods by mandate, over the seller's area, or operator."""
    member = find_member(reader.id)
    return (
        (member is not None and member.enterprise_id == part.contract.enterprise_id)
        or part.producer.account_id == reader.id
        or may_see(reader, RoleKind.OFFICER, part.producer.area_code)
        or any(role.kind == RoleKind.OPERATOR for role in reader.roles)
        or part.producer_id in farms_with(Scope.SHIP, reader, now=clock.now())
    )
