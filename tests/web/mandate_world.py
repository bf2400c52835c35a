"""A household without a phone, an officer of its village who holds a mandate, and a reader at every side."""

from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.catalogue.models import Listing, Producer, ProducerKind
from marketplace.catalogue.principals import KIND, principal_of
from marketplace.identity.contacts import Contact, set_contact
from marketplace.identity.mandates import Evidence, Terms, record_mandate
from marketplace.identity.models import Account, EvidenceKind, HolderRole, Mandate, RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.registry.service import add_household
from tests.web.desk_world import NOW, POOR_VILLAGE, World, make_account

HOUSE_PHONE = "13912345678"
ALL = frozenset(Scope)
IN_PERSON = Evidence(EvidenceKind.IN_PERSON, "At home, with the neighbour.")


class MandateWorld(World):
    """``house`` is nobody's account; ``officer`` is of its village, ``other_officer`` of the county."""

    def __init__(self) -> None:
        super().__init__()
        with transaction():
            household = add_household(f"{POOR_VILLAGE}0077", now=NOW)
            self.house = Producer(
                kind=ProducerKind.HOUSEHOLD,
                name_zh="卡拉村农家7号",
                name_en="Kala village farm 7",
                area_code=POOR_VILLAGE,
                household_id=household.id,
                badge_consent=True,
                created_at=NOW,
            )
            db.session.add(self.house)
            self.officer = make_account(RoleKind.OFFICER, POOR_VILLAGE, "wangganbu")
            self.other_officer = make_account(RoleKind.OFFICER, "522636", "county")
            self.operator = make_account(RoleKind.OPERATOR, "", "operator")
            db.session.flush()
            set_contact(KIND, self.house.public_id, Contact("sms", HOUSE_PHONE, "", False), actor="test", now=NOW)

    def mandate(
        self,
        scopes: frozenset[Scope] = ALL,
        *,
        holder: Account | None = None,
        days: int = 30,
        farm: Producer | None = None,
        role: HolderRole = HolderRole.OFFICER,
        now: datetime | None = None,
    ) -> Mandate:
        """A mandate of the house, in force."""
        now = now or clock.now()
        with transaction():
            return record_mandate(
                principal_of(farm or self.house),
                holder or self.officer,
                role,
                Terms(scopes, now + timedelta(days=days)),
                IN_PERSON,
                officer=self.other_officer,
                now=now,
            )

    def house_listing(self) -> Listing:
        """The only listing of the house."""
        return db.session.scalars(select(Listing).filter_by(producer_id=self.house.id)).one()

    def other_farm_without_account(self) -> Producer:
        """A second household of the village that nobody signs in for."""
        with transaction():
            household = add_household(f"{POOR_VILLAGE}0078", now=NOW)
            made = Producer(
                kind=ProducerKind.HOUSEHOLD,
                name_zh="卡拉村农家8号",
                name_en="Kala village farm 8",
                area_code=POOR_VILLAGE,
                household_id=household.id,
                badge_consent=True,
                created_at=NOW,
            )
            db.session.add(made)
            db.session.flush()
            return made


def messages(to: str = HOUSE_PHONE) -> list[str]:
    """What was written to somebody, oldest first."""
    found = db.session.scalars(select(OutgoingMessage).filter_by(recipient=to).order_by(OutgoingMessage.id))
    return [message.body_text for message in found]


def kinds(to: str = HOUSE_PHONE) -> list[str]:
    """The kinds of notices to somebody, oldest first."""
    found = db.session.scalars(select(OutgoingMessage).filter_by(recipient=to).order_by(OutgoingMessage.id))
    return [message.template.removeprefix("notice.") for message in found]


def state_of(listing: Listing) -> str:
    """A listing's state as the database has it."""
    return str(db.session.scalar(select(Listing.state).filter_by(id=listing.id)))


def code_in(text: str) -> str:
    """The code that a notice ends in."""
    return text.rsplit("/", 1)[1].strip()
