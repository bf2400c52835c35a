"""How far somebody may read about public money: officers and auditors within their own areas, and nobody beyond."""

from marketplace.funds.models import BankDay, Fund, FundFinding, FundPayment
from marketplace.funds.places import area_of
from marketplace.funds.queries import funds_within
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import contains
from marketplace.registry.reading import Reach
from marketplace.web.access import account

READERS = (RoleKind.OFFICER, RoleKind.AUDITOR)


def money_areas() -> list[str]:
    """The signed-in person's areas, widest first."""
    own = {scope for kind in READERS for scope in scopes(account(), kind)}
    return sorted(own, key=lambda code: (len(code), code))


def money_area(code: str | None) -> str:
    """The area asked for, or the widest of one's own; one outside counts as absent."""
    own = money_areas()
    if code is None:
        return own[0]
    if not any(contains(scope, code) for scope in own):
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=code[:20])
    return code


def money_reach() -> Reach:
    """How far questions about households that got public money may reach."""
    return Reach.of(money_areas(), f"public money, {account().public_id}")


def holds(place: str) -> bool:
    """Whether a place lies within one's areas."""
    return any(contains(scope, area_of(place)) for scope in money_areas())


def seen_fund(fund: Fund) -> Fund:
    """A fund that concerns one's areas, or ``NotFound``."""
    if all(fund.id != own.id for own in funds_within(money_areas())):
        raise NotFound("fund_unknown", N_("There is no such fund."))
    return fund


def seen_payment(payment: FundPayment) -> FundPayment:
    """A payment out of a place within one's areas, or ``NotFound``."""
    if not holds(payment.place):
        raise NotFound("fund_payment_unknown", N_("There is no such payment."))
    return payment


def seen_finding(finding: FundFinding) -> FundFinding:
    """A finding within one's areas, or ``NotFound``."""
    if not holds(finding.area_code):
        raise NotFound("fund_finding_unknown", N_("There is no such finding."))
    return finding


def seen_bank_day(day: BankDay) -> BankDay:
    """A bank day of an office within one's areas, or of the market for its operator, or ``NotFound``."""
    operator = RoleKind.OPERATOR in {role.kind for role in account().roles}
    if not (operator if day.area_code == "" else holds(day.area_code)):
        raise NotFound("bank_day_unknown", N_("There is no such day."))
    return day
