"""A life for ``tests.orders.test_faults``: a phone sends a form, the process dies somewhere, and the phone sends it again."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db, transaction
from marketplace.registry.files import read_file
from marketplace.registry.forms.versions import find_version
from marketplace.registry.models import FileChange, FormSubmission, Household, HouseholdPicture, Visit
from marketplace.registry.reading import unbounded
from marketplace.web.submissions import take, take_up_waiting
from tests import factories
from tests.orders.purchases import Basket
from tests.payments.double import Double
from tests.registry.forms import fieldwork

# A village of these lives' own, whose households are numbered by their lives.
VILLAGE = "522636100009"
PHOTO = {"house.jpg": fieldwork.photo(3)}


def send_a_form(basket: Basket, double: Double, now: datetime) -> None:
    """A village officer's phone sends a form with a new member and a photo, of a household that this life has to itself."""
    officer, household = _people(basket, now)
    take(_raw(basket, household, now), "xml", PHOTO, by=officer, channel="openrosa", now=now)


LIVES = {"send_a_form": send_a_form}


def send_again(basket: Basket, now: datetime) -> None:
    """The job goes round, and the phone, which was never answered, sends once more."""
    take_up_waiting(now=now + timedelta(minutes=10))
    send_a_form(basket, None, now)  # type: ignore[arg-type]
    take_up_waiting(now=now + timedelta(minutes=20))


def form_faults(basket: Basket, now: datetime) -> list[str]:
    """Everything that is wrong with what the phone sent; empty when it was taken in once and whole."""
    _, household = _people(basket, now)
    found = [
        f"{count} rows of {model.__tablename__} and not {right}"
        for model, right in ((FormSubmission, 1), (Visit, 1), (HouseholdPicture, 1), (FileChange, 3))
        if (count := _count(model, household)) != right
    ]
    file = read_file(household, local_day(now).year)
    if file.values.get("fuel") != "coal" or len(file.members) != 1:
        found.append(f"the file says {file.values.get('fuel')} and has {len(file.members)} members")
    return found


def _count(model: type[FormSubmission | Visit | HouseholdPicture | FileChange], household: Household) -> int:
    query = select(func.count()).select_from(model).where(model.household_id == household.id)
    return db.session.scalar(unbounded(query, "a test")) or 0


def _people(basket: Basket, now: datetime) -> tuple[Account, Household]:
    """The standard, an officer and the household of this life, each made once."""
    login, code = f"collector{basket.account_id}", f"{VILLAGE}{basket.account_id % 10_000:04d}"
    if find_version(fieldwork.FORM_ID, fieldwork.VERSION) is None:
        with transaction():
            factories.area()
            province = factories.account((RoleKind.OFFICER, "52"), login="province-of-forms", name="省干部")
        fieldwork.standard(province, begins_on=local_day(now))
    with transaction():
        factories.area(VILLAGE)
        officer = find_account_by_login(login) or factories.account((RoleKind.OFFICER, VILLAGE), login=login)
        household = db.session.scalars(select(Household).filter_by(code=code)).first()
        if household is None:
            household = Household(code=code, village_code=VILLAGE, created_at=now)
            db.session.add(household)
    return officer, household


def _raw(basket: Basket, household: Household, now: datetime) -> bytes:
    # The same bytes in every try and every process, as a phone keeps them.
    ended = day_start(local_day(now))
    head = {"name": "杨阿山", "relation": "head", "sex": "male", "born_on": "1970-01-01"}
    answers = {"fuel": "coal", "photo_house": "house.jpg"}
    began = ended - timedelta(minutes=30)
    return fieldwork.xml(household.public_id, answers, (head,), name=f"uuid:life-{basket.account_id}", began=began, ended=ended)
