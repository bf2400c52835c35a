"""A village with its offices and households, and how a case is brought to where a test begins."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.registry.cases import opening
from marketplace.registry.cases.permissions import Taker
from marketplace.registry.cases.rounds import Votes, get_round, hold_assembly, live_cases, take_round
from marketplace.registry.cases.samples import current_sample, decide_sample, record_finding, visits_of
from marketplace.registry.cases.taking import take
from marketplace.registry.models import Case, CaseAction, CaseSource, Household, Risk, Round
from marketplace.registry.reading import Reach
from tests import factories
from tests.registry import people

A = CaseAction
VILLAGE = factories.VILLAGE
EVERYWHERE = Reach.everywhere("a test")


@dataclass
class Village:
    """Two officers at each of the three levels that act, and the day on which things happen."""

    village: list[Account]
    township: list[Account]
    county: list[Account]
    now: datetime = factories.NOW
    households: list[Household] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The local day."""
        return (self.now + timedelta(hours=8)).date()

    def wait(self, days: int) -> None:
        """Let days go by."""
        self.now += timedelta(days=days)

    def household(self, *, poor: bool = False, name: str = "杨阿山") -> Household:
        """A household with a head on file."""
        made = factories.household(VILLAGE, registered_from=date(2020, 1, 1) if poor else None)
        with transaction():
            people.head(made, self.village[0], name=name)
        self.households.append(made)
        return made

    def apply(self, household: Household) -> Case:
        """An application that the village's second officer writes down."""
        with transaction():
            return opening.open_entry(household, CaseSource.HOUSEHOLD, Taker(self.village[1]), now=self.now)

    def exit(self, household: Household) -> Case:
        """A proposal that a household leave."""
        with transaction():
            return opening.open_exit(household, CaseSource.OFFICER, Taker(self.village[0]), now=self.now)

    def clue(self, household: Household, risk: Risk = Risk.SUDDEN) -> Case:
        """A clue that a household is in trouble."""
        with transaction():
            return opening.open_monitoring(household, risk, CaseSource.OFFICER, Taker(self.village[0]), now=self.now)

    def take(self, case: Case, action: CaseAction, by: Account, reason: str = "", *, as_household: bool = False) -> bool:
        """Take a step of one case."""
        with transaction():
            return take(case, action, Taker(by, as_household), now=self.now, reason=reason)

    def together(self, of: Round, action: CaseAction, by: Account) -> bool:
        """Take a step of a round."""
        with transaction():
            return take_round(of, action, Taker(by), now=self.now)

    def assembly(self, of: Round, *, entitled: int = 30, present: int = 20, in_favour: int = 15, against: int = 5) -> bool:
        """An assembly that votes the same on all; answers whether it counted."""
        votes = {case.public_id: Votes(in_favour, against) for case in live_cases(of)}
        with transaction():
            return hold_assembly(of, self.today, entitled, present, votes, Taker(self.village[0]), now=self.now).counted

    def visit_sample(self, of: Round, by: Account, *, unfit: frozenset[int] = frozenset()) -> None:
        """Visit all of the sample that has to be visited; those whose case ids are named are found unfit."""
        sample = current_sample(of)
        assert sample is not None
        for visit, case, _ in visits_of(sample):
            if visit.fit is None:
                with transaction():
                    record_finding(case, of, case.id not in unfit, "看过住房和粮食", Taker(by), now=self.now)

    def decide(self, of: Round, by: Account) -> bool:
        """Decide on a sample; answers whether the round passed."""
        with transaction():
            return decide_sample(of, Taker(by), now=self.now)

    def round_of(self, case: Case) -> Round:
        """The round of an application."""
        assert case.round_id is not None
        return get_round(db.session.get_one(Round, case.round_id).public_id, EVERYWHERE)

    def to_first_closed(self, of: Round) -> None:
        """From the applications to the end of the first notice."""
        self.assembly(of)
        self.together(of, A.PUBLISH_FIRST, self.village[0])
        self.wait(11)
        self.together(of, A.CLOSE_FIRST, self.village[0])

    def to_second_closed(self, of: Round) -> None:
        """From the end of the first notice to that of the second."""
        self.visit_sample(of, self.township[1])
        assert self.decide(of, self.township[0])
        self.together(of, A.PUBLISH_SECOND, self.township[0])
        self.wait(11)
        self.together(of, A.CLOSE_SECOND, self.township[0])

    def to_announced(self, of: Round) -> None:
        """From the end of the second notice to the announcement's end."""
        self.visit_sample(of, self.county[1])
        assert self.decide(of, self.county[0])
        self.together(of, A.ANNOUNCE, self.county[0])
        self.wait(8)

    def register(self, of: Round) -> None:
        """The whole way in."""
        self.to_first_closed(of)
        self.to_second_closed(of)
        self.to_announced(of)
        assert self.together(of, A.REGISTER, self.county[1])

    def to_agreed(self, case: Case) -> None:
        """From the proposal to the household's word."""
        self.take(case, A.VERIFY, self.village[0])
        self.take(case, A.VERIFY_AGAIN, self.township[0])
        self.take(case, A.AGREE, self.village[1], "户主在家中签字同意")

    def lift(self, case: Case) -> None:
        """The whole way out, to tracking."""
        self.to_agreed(case)
        self.take(case, A.PUBLISH, self.village[0])
        self.wait(11)
        self.take(case, A.CLOSE, self.village[0])
        assert self.take(case, A.LIFT, self.county[0])

    def monitor(self, case: Case) -> None:
        """From the clue to being monitored."""
        self.take(case, A.CHECK, self.township[0])
        self.take(case, A.PUBLISH, self.village[0])
        self.wait(6)
        self.take(case, A.CLOSE, self.village[0])
        assert self.take(case, A.MONITOR, self.county[0])


def make_village() -> Village:
    """Officers of a village, its township and its county, two of each."""
    factories.area(VILLAGE)
    made = [
        [people.officer(code, f"{name}{number}") for number in ("甲", "乙")]
        for code, name in ((VILLAGE, "村"), (VILLAGE[:9], "镇"), (VILLAGE[:6], "县"))
    ]
    return Village(*made)
