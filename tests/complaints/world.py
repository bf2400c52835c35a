"""A county with offices at every level, those who audit it, and people beside it, for the tests of complaints."""

from dataclasses import dataclass, replace
from datetime import datetime

from marketplace.complaints.filing import Said, file_complaint
from marketplace.complaints.models import About, Complaint, ComplaintKind
from marketplace.identity.models import Account, RoleKind
from tests import factories
from tests.factories import NOW, VILLAGE

PROVINCE, CITY, COUNTY, TOWNSHIP = "52", "5226", "522636", "522636100"
OTHER_TOWNSHIP, OTHER_COUNTY = "522636200", "522631"
ADVICE = Said(ComplaintKind.ADVICE, About.POLICY, VILLAGE, "种茶的补贴怎么领？")
ABOUT_OFFICE = Said(ComplaintKind.INVESTIGATION, About.OFFICE, VILLAGE, "镇里扣了我家的补贴。", office_code=TOWNSHIP)


@dataclass
class World:
    """Everybody who could have to do with a complaint of the village."""

    officers: dict[str, Account]
    auditors: dict[str, Account]
    second_auditor: Account
    stranger: Account

    def everybody(self) -> dict[str, Account]:
        """All of them by a name for messages."""
        return {
            **{f"officer {code}": each for code, each in self.officers.items()},
            **{f"auditor {code}": each for code, each in self.auditors.items()},
            "second auditor": self.second_auditor,
            "farmer": self.stranger,
        }


def world() -> World:
    """The places and people."""
    for code in (VILLAGE, f"{OTHER_TOWNSHIP}001", f"{OTHER_COUNTY}100001"):
        factories.area(code)
    over = (PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_COUNTY)
    return World(
        officers={code: factories.account((RoleKind.OFFICER, code), name=f"干部{code}") for code in over},
        auditors={
            code: factories.account((RoleKind.AUDITOR, code), name=f"审计{code}") for code in (COUNTY, CITY, OTHER_COUNTY)
        },
        second_auditor=factories.account((RoleKind.AUDITOR, COUNTY), name="审计乙"),
        stranger=factories.account((RoleKind.FARMER, ""), name="农户"),
    )


def filed(said: Said = ABOUT_OFFICE, *, now: datetime = NOW, **more: object) -> tuple[Complaint, str]:
    """A complaint that was taken."""
    return file_complaint(replace(said, **more), now=now)  # type: ignore[arg-type]
