"""The provincial tabular standard: every field that the file of a household has. Pure, no database.

A form asks these fields, an import has them as columns, a page shows them; a lower level may ask more, in its own form, but
none of these is dropped. *Sensitive* fields (who somebody is, where, how healthy, by which account) are sealed with the
household's key. Fields with *four eyes* change only when a second person agrees, in whatever year.
"""

import enum
from dataclasses import dataclass

from marketplace.kernel.errors import N_


class About(enum.StrEnum):
    """What a field tells of: a household in a year, a person as such, or a person in a year."""

    HOUSEHOLD = "household"
    PERSON = "person"
    MEMBER = "member"


class Kind(enum.StrEnum):
    """How a value is written. ``fen`` are whole fen a year; ``decimal`` a number as text; ``choices`` a list of choices."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    WHOLE = "whole"
    DECIMAL = "decimal"
    FEN = "fen"
    YES_NO = "yes_no"
    DAY = "day"
    ID_NUMBER = "id_number"
    PHONE = "phone"


@dataclass(frozen=True)
class Field:
    """One field. ``lowest`` and ``highest`` bound a number; ``most`` the choices of a list or the characters of a text."""

    name: str
    about: About
    section: str
    label: str
    kind: Kind
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False
    sensitive: bool = False
    four_eyes: bool = False
    lowest: int = 0
    highest: int = 10**9
    most: int = 200
    unit: str = ""

    def choice_label(self, value: str) -> str:
        """The words for one choice; the value itself when the standard no longer has it."""
        return dict(self.choices).get(value, value)


KINDS = (
    ("general_poor", N_("General poor household")),
    ("dibao", N_("Minimum living allowance household")),
    ("wubao", N_("Household in special hardship")),
)
CAUSES = (
    ("illness", N_("Illness")),
    ("disability", N_("Disability")),
    ("schooling", N_("Cost of schooling")),
    ("disaster", N_("Disaster")),
    ("lack_of_land", N_("Lack of land")),
    ("lack_of_water", N_("Lack of water")),
    ("lack_of_skill", N_("Lack of skills")),
    ("lack_of_labour", N_("Lack of labour")),
    ("lack_of_funds", N_("Lack of funds")),
    ("poor_road", N_("Poor road")),
    ("lack_of_drive", N_("Lack of drive")),
    ("other", N_("Other")),
)
RELATIONS = (
    ("head", N_("Head of the household")),
    ("spouse", N_("Spouse")),
    ("child", N_("Child")),
    ("child_in_law", N_("Child-in-law")),
    ("grandchild", N_("Grandchild")),
    ("parent", N_("Parent")),
    ("grandparent", N_("Grandparent")),
    ("sibling", N_("Sibling")),
    ("other", N_("Other relation")),
)
SEXES = (("male", N_("Male")), ("female", N_("Female")))
MEASURES = (
    ("industry", N_("Farming and industry")),
    ("jobs", N_("Work")),
    ("relocation", N_("Moving house")),
    ("education", N_("Schooling")),
    ("health", N_("Health care")),
    ("safety_net", N_("Safety net")),
    ("ecology", N_("Ecological work")),
)

_H, _P, _M = About.HOUSEHOLD, About.PERSON, About.MEMBER


def _income(name: str, label: str) -> Field:
    return Field(name, _H, "income", label, Kind.FEN, highest=10**10, unit="yuan_a_year")


FIELDS: tuple[Field, ...] = (
    Field("name", _P, "identity", N_("Full name"), Kind.TEXT, required=True, sensitive=True, four_eyes=True, most=40),
    Field("id_number", _P, "identity", N_("Identity card number"), Kind.ID_NUMBER, sensitive=True, four_eyes=True),
    Field("relation", _P, "identity", N_("Relation to the head"), Kind.CHOICE, RELATIONS, required=True, four_eyes=True),
    Field("sex", _P, "identity", N_("Sex"), Kind.CHOICE, SEXES, required=True, four_eyes=True),
    Field("born_on", _P, "identity", N_("Born on"), Kind.DAY, required=True, four_eyes=True),
    Field("kind", _H, "household", N_("Kind of household"), Kind.CHOICE, KINDS, required=True),
    Field("main_cause", _H, "household", N_("Main cause of poverty"), Kind.CHOICE, CAUSES, required=True),
    Field("other_causes", _H, "household", N_("Other causes, two at most"), Kind.CHOICES, CAUSES, most=2),
    Field("phone", _H, "contact", N_("Phone"), Kind.PHONE, sensitive=True),
    Field("address", _H, "contact", N_("Address"), Kind.TEXT, sensitive=True, most=120),
    Field("bank_account", _H, "contact", N_("Account for payments"), Kind.TEXT, sensitive=True, four_eyes=True, most=40),
    _income("income_wages_fen", N_("Wages")),
    _income("income_grain_fen", N_("Grain, sold and eaten")),
    _income("income_tobacco_fen", N_("Tobacco")),
    _income("income_livestock_fen", N_("Livestock")),
    _income("income_fruit_fen", N_("Fruit")),
    _income("income_other_business_fen", N_("Other business")),
    _income("income_property_fen", N_("Rent, interest and dividends")),
    _income("income_transfer_fen", N_("Allowances, pensions and gifts")),
    Field(
        "dwelling_grade",
        _H,
        "dwelling",
        N_("Safety of the house"),
        Kind.CHOICE,
        (
            ("a", N_("A: safe")),
            ("b", N_("B: small faults")),
            ("c", N_("C: partly dangerous")),
            ("d", N_("D: dangerous")),
        ),
        required=True,
    ),
    Field("dwelling_m2", _H, "dwelling", N_("Floor space"), Kind.WHOLE, highest=2000, unit="m2"),
    Field(
        "water_source",
        _H,
        "water",
        N_("Drinking water"),
        Kind.CHOICE,
        (
            ("tap", N_("Tap")),
            ("well", N_("Protected well")),
            ("spring", N_("Spring")),
            ("rain", N_("Rain water")),
            ("river", N_("River or pond")),
        ),
        required=True,
    ),
    Field("water_litres", _H, "water", N_("Water for each person a day"), Kind.WHOLE, highest=1000, unit="litres"),
    Field("water_minutes", _H, "water", N_("Way to fetch water and back"), Kind.WHOLE, highest=600, unit="minutes"),
    Field("has_power", _H, "dwelling", N_("Electric power"), Kind.YES_NO),
    Field(
        "fuel",
        _H,
        "dwelling",
        N_("Fuel for cooking"),
        Kind.CHOICE,
        (
            ("wood", N_("Wood or straw")),
            ("coal", N_("Coal")),
            ("gas", N_("Gas")),
            ("power", N_("Electric power")),
            ("biogas", N_("Biogas")),
        ),
    ),
    Field(
        "road",
        _H,
        "dwelling",
        N_("Road to the house"),
        Kind.CHOICE,
        (("paved", N_("Paved")), ("gravel", N_("Gravel")), ("earth", N_("Earth")), ("path", N_("Footpath"))),
    ),
    Field("food_enough", _H, "assurance", N_("Enough to eat all year"), Kind.YES_NO),
    Field("clothing_enough", _H, "assurance", N_("Clothes for every season"), Kind.YES_NO),
    Field("arable_mu", _H, "land", N_("Arable land"), Kind.DECIMAL, highest=1000, unit="mu"),
    Field("irrigated_mu", _H, "land", N_("Of it irrigated"), Kind.DECIMAL, highest=1000, unit="mu"),
    Field("forest_mu", _H, "land", N_("Forest land"), Kind.DECIMAL, highest=10000, unit="mu"),
    Field("fruit_mu", _H, "land", N_("Fruit and nut trees"), Kind.DECIMAL, highest=1000, unit="mu"),
    Field("plan_measures", _H, "plan", N_("Planned help"), Kind.CHOICES, MEASURES, most=7),
    Field("plan_text", _H, "plan", N_("Plan in words"), Kind.TEXT, sensitive=True, most=1000),
    Field("plan_exit_year", _H, "plan", N_("Year by which to leave poverty"), Kind.WHOLE, lowest=2014, highest=2100),
    Field("ethnicity", _M, "person", N_("Ethnic group"), Kind.TEXT, sensitive=True, most=20),
    Field(
        "education",
        _M,
        "person",
        N_("Schooling completed"),
        Kind.CHOICE,
        (
            ("none", N_("None")),
            ("primary", N_("Primary school")),
            ("junior", N_("Junior middle school")),
            ("senior", N_("Senior middle school")),
            ("college", N_("College or more")),
        ),
    ),
    Field(
        "student",
        _M,
        "person",
        N_("Now at school"),
        Kind.CHOICE,
        (
            ("no", N_("No")),
            ("preschool", N_("Preschool")),
            ("primary", N_("Primary school")),
            ("junior", N_("Junior middle school")),
            ("senior", N_("Senior middle school")),
            ("college", N_("College or more")),
            ("dropped_out", N_("Left compulsory school early")),
        ),
    ),
    Field(
        "health",
        _M,
        "person",
        N_("Health"),
        Kind.CHOICE,
        (
            ("healthy", N_("Healthy")),
            ("long_illness", N_("Long illness")),
            ("grave_illness", N_("Grave illness")),
            ("disabled", N_("Disabled")),
        ),
        sensitive=True,
    ),
    Field(
        "labour",
        _M,
        "person",
        N_("Able to work"),
        Kind.CHOICE,
        (
            ("skilled", N_("Skilled labour")),
            ("ordinary", N_("Ordinary labour")),
            ("weak", N_("Weak or half labour")),
            ("none", N_("Not able to work")),
        ),
    ),
    Field(
        "work_place",
        _M,
        "person",
        N_("Works"),
        Kind.CHOICE,
        (
            ("none", N_("Does not work")),
            ("farm", N_("On the own farm")),
            ("county", N_("Within the county")),
            ("province", N_("Within the province")),
            ("outside", N_("Outside the province")),
        ),
    ),
    Field("work_months", _M, "person", N_("Months of paid work"), Kind.WHOLE, highest=12, unit="months"),
    Field("health_insured", _M, "person", N_("Health insurance"), Kind.YES_NO),
    Field("pension_insured", _M, "person", N_("Pension insurance"), Kind.YES_NO),
)
BY_NAME = {field.name: field for field in FIELDS}


def fields_about(about: About) -> tuple[Field, ...]:
    """The fields that tell of one thing, in the standard's order."""
    return tuple(field for field in FIELDS if field.about == about)
