"""The demo's exchange: the county's civil affairs office asks after households by program, and one household has agreed."""

import hashlib
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from marketplace.exchange.agreeing import Wanted, propose_partner
from marketplace.exchange.envelope import stamp
from marketplace.exchange.messages import keep_message, outcome_of
from marketplace.exchange.models import PartnerKind
from marketplace.exchange.searching import answer_requests
from marketplace.exchange.service import add_partner
from marketplace.exchange.sharing import KIND
from marketplace.exchange.subscriptions import subscribe
from marketplace.identity.consents import Purpose, give_consent
from marketplace.identity.models import Account, EvidenceKind, Role, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.db import db
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach

ACTOR = "demo"
SENDER = "mzj.danzhai.example"
PURPOSE = "MEDICAL_AID"
_OTHER = "jyj.danzhai.example"
_ASKED = 3


def add_exchange(login: str, agreeing: Household, *, now: datetime) -> None:
    """Let a department take part through an officer's account, and have it ask a few times in the last days."""
    officer = db.session.scalars(select(Account).filter_by(login=login)).one()
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(SENDER.encode()).digest())
    partner = add_partner(
        PartnerKind.DEPARTMENT,
        SENDER,
        "丹寨县民政局",
        key.public_key().public_bytes_raw(),
        account=officer,
        purposes=[PURPOSE],
        own_network=False,
        actor=ACTOR,
        now=now - timedelta(days=30),
    )
    _propose_another(officer, now)
    give_consent(KIND, agreeing.public_id, Purpose.SHARING, EvidenceKind.PAPER, recorded_by=ACTOR, now=now - timedelta(days=20))
    areas = scopes(officer, RoleKind.OFFICER)
    reach, authorize = Reach.of(areas, f"demo department {SENDER}"), {"purpose": {"code": PURPOSE}}
    wanted = {
        "reg_event_type": "REGISTER",
        "notify_record_type": "Group",
        "filter": {"type": "AREA_CODE", "value": areas[0]},
        "authorize": authorize,
    }
    subscribe([{"reference_id": "1", "timestamp": stamp(now), "subscribe_criteria": wanted}], partner, officer, reach, now=now)
    for number in range(1, _ASKED + 1):
        at = now - timedelta(days=number)
        criteria = {
            "query_type": "predicate",
            "query": [{"expression1": {"attribute_name": "group_size", "operator": "ge", "attribute_value": 5 + number}}],
            "pagination": {"page_size": 10},
            "authorize": authorize,
        }
        requests = [{"reference_id": f"{number}", "timestamp": stamp(at), "search_criteria": criteria}]
        header = {"message_id": f"demo-{number}", "action": "search"}
        message = {"transaction_id": f"aid-{number}", "search_request": requests}
        taken = keep_message(partner, {"header": header, "message": message}, now=at)
        taken.message.outcome = outcome_of(answer_requests(requests, partner, officer, reach, now=at))


def _propose_another(officer: Account, now: datetime) -> None:
    """Another department that a colleague has proposed and that waits for the officer's word; none without a colleague."""
    area = scopes(officer, RoleKind.OFFICER)[0]
    query = select(Account).join(Role, Role.account_id == Account.id).where(Account.id != officer.id)
    query = query.where(Role.kind == RoleKind.OFFICER, Role.scope_code == area).order_by(Account.id).limit(1)
    colleague = db.session.scalars(query).first()
    if colleague is None:
        return
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_OTHER.encode()).digest()).public_key().public_bytes_raw()
    wanted = Wanted(PartnerKind.DEPARTMENT, _OTHER, "丹寨县教育局", key, area, account=officer, purposes=["SCHOOL_AID"])
    propose_partner(wanted, own_network=False, by=colleague, now=now - timedelta(days=1))
