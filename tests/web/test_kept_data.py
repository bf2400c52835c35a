"""The page that tells everybody what is kept of them is made from the register, in both languages."""

from marketplace.fields.keeping import RULES
from marketplace.fields.register import entries
from marketplace.fields.told import people, told_of
from marketplace.fields.words import GROUPS
from tests import factories
from tests.web.conftest import Browser


def test_each_kind_of_person_is_told_all_groups_of_data_about_them(browser: Browser) -> None:
    page = browser.get("/about/data").text
    for name in people().values():
        assert f">{name}</h2>" in page
    for group in GROUPS.values():
        assert f"<h3>{group.name}</h3>" in page
        assert group.what in page
    assert "1461 days after the purchase" in page
    assert "1 day after the attempt" in page
    assert "%(" not in page


def test_what_is_told_is_what_the_register_says() -> None:
    told = {group.key: group for person in people() for group in told_of(person, today=factories.TODAY)}
    assert told.keys() == GROUPS.keys()
    assert sum(group.fields for group in told.values()) == sum(entry.data_class != "none" for entry in entries())
    attempts = told["sign_in"]
    assert attempts.readers == ("nobody; only the program uses it",)
    assert {keep.words: keep.days for keep in attempts.keeps} == {
        RULES["account"].words: None,
        RULES["sign_in_attempt"].words: 1,
    }
    # Two of them can be read by nobody, and that is said of the whole only where it is true of the whole.
    assert "nobody; only the program uses it" not in told["purchases"].readers


def test_the_page_is_complete_in_chinese(browser: Browser) -> None:
    browser.headers = {"Accept-Language": "zh"}
    page = browser.get("/about/data").text
    assert "我们保存您的哪些信息" in page
    assert "购买后1461天" in page
    for english in ("days after", "PIPL", "Until when", "fields"):
        assert english not in page
