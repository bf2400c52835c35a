"""The household form at a door without a line: taken along, filled in, closed, opened again, sent once."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from marketplace.kernel import embedded_postgres
from marketplace.kernel.errors import Invalid
from marketplace.registry.forms.answering import take_apart
from marketplace.registry.forms.instances import Instance
from marketplace.registry.forms.questions import as_data
from marketplace.registry.forms.standard_form import standard_form
from tests.browser.field import CANARY, PASSPHRASE, SHELL, Field, Phone, serving
from tests.own_database import own_database
from tests.registry import people
from tests.registry.forms import fieldwork

# Steps of the form, by their place among its sections.
VISIT, HOUSEHOLD, CONTACT, INCOME, HOUSE, WATER = range(6)
MEMBERS, PHOTOS = 9, 10
SUBMISSIONS = "**/office/submissions"
# Everything that pages of this site have put into databases and caches, bytes as the text they would be in UTF-8.
DUMP = """async () => {
    const texts = [], decoder = new TextDecoder();
    const plain = (value) => {
        if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return decoder.decode(value);
        if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
        return value;
    };
    for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((done) => { const r = indexedDB.open(name); r.onsuccess = () => done(r.result); });
        for (const store of database.objectStoreNames) {
            const rows = await new Promise((done) => {
                const r = database.transaction(store).objectStore(store).getAll(); r.onsuccess = () => done(r.result); });
            for (const row of rows) texts.push([store, JSON.stringify(plain(row))]);
        }
        database.close();
    }
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            texts.push(["cache", new URL(request.url).pathname + await (await cache.match(request)).text()]);
        }
    }
    return texts;
}"""

# Takes the wait off a vault, as its time would; answers tries, what was left of the wait, and rounds of the key.
LET_THE_WAIT_PASS = """() => new Promise((done) => {
    const request = indexedDB.open("nongqiao-collect");
    request.onsuccess = () => {
        const vaults = request.result.transaction("vaults", "readwrite").objectStore("vaults");
        vaults.getAll().onsuccess = ({ target: { result: [kept] } }) => {
            vaults.put({ ...kept, wait_until: 0 }).onsuccess = () => {
                request.result.close();
                done([kept.tries, kept.wait_until - Date.now(), kept.iterations]);
            };
        };
    };
})"""
TOUCHED = "button, a.button, input:not([type=radio], [type=checkbox], .u-hidden), select, textarea, label.choice, summary"


def on_disk(folder: Path, words: str) -> list[str]:
    """The files below a folder that hold the words, in either of the ways a browser writes text."""
    wanted = (words.encode(), words.encode("utf-16-le"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(each in path.read_bytes() for each in wanted)]


def grave_faults(page: Page) -> list[str]:
    """What axe finds, with where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found if fault["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def site(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Field]:
    with (
        own_database(database_server, data_dir, "collect") as app,
        serving(app, database_server.url("collect"), data_dir) as field,
    ):
        yield field


@pytest.fixture
def phones(browser: Browser, site: Field, tmp_path: Path) -> Iterator[Callable[..., Phone]]:
    """Makes phones; all are switched off at the end, and none may have stumbled over its own script."""
    made: list[Phone] = []

    def phone(name: str = "phone", locale: str = "zh-CN") -> Phone:
        made.append(Phone(browser, site, tmp_path / name, locale))
        return made[-1]

    yield phone
    for one in made:
        one.switch_off()
    assert [error for one in made for error in one.errors] == []


def test_a_form_filled_in_without_a_line_survives_closing_and_is_sent_once(
    phones: Callable[..., Phone], site: Field, tmp_path: Path
) -> None:
    household = site.household()
    phone = phones()
    phone.switch_on()
    phone.set_up()
    phone.take(household)

    # No line from here on.
    assert phone.context is not None
    phone.context.set_offline(True)
    phone.page.reload()
    phone.unlock()
    expect(phone.page.locator("#line")).to_have_attribute("data-online", "false")
    phone.begin(household)
    phone.choose("saw_house", "yes")
    phone.page.locator("#q-place button").click()
    expect(phone.page.locator("#q-place [role=status]")).to_contain_text("26.20000")
    phone.go_to(CONTACT)
    phone.write("address", f"{CANARY}路7号")
    phone.go_to(WATER)
    phone.choose("water_source", "well")
    phone.write("water_minutes", "12")
    phone.go_to(10)
    photo = tmp_path / "house.jpg"
    photo.write_bytes(fieldwork.photo(3, size=(2400, 1800)))
    phone.page.set_input_files("#q-photo_house-file", str(photo))
    expect(phone.page.locator("#q-photo_house img")).to_be_visible()
    phone.saved()

    # The browser is closed and opened again, still without a line.
    phone.switch_off()
    phone.switch_on(offline=True)
    phone.page.goto(SHELL)
    phone.unlock()
    phone.begin(household)
    phone.go_to(CONTACT)
    expect(phone.page.locator("#q-address")).to_have_value(f"{CANARY}路7号")
    phone.finish()
    expect(phone.card(household, "waiting")).to_be_visible()
    assert site.submissions(household) == []

    # There is a line again, but the session ended with the browser.
    assert phone.context is not None
    phone.context.set_offline(False)
    phone.page.locator(".alert a").click()
    phone.sign_in(site.login)
    phone.unlock()
    expect(phone.card(household, "sent")).to_be_visible()
    assert site.submissions(household) == [("done", 1)]
    file = site.file(household)
    assert (file.values["address"], file.values["water_source"], file.values["water_minutes"]) == (f"{CANARY}路7号", "well", 12)


def test_nothing_personal_lies_on_the_device_in_the_clear(phones: Callable[..., Phone], site: Field) -> None:
    household = site.household(phone="13985550177")
    typed = "牛角寨canary二组"
    phone = phones()
    phone.switch_on()
    phone.set_up()
    phone.take(household)
    phone.begin(household)
    phone.go_to(CONTACT)
    phone.write("address", typed)
    phone.saved()
    kept = phone.page.evaluate(DUMP)
    assert {store for store, _ in kept} == {"vaults", "forms", "records", "cache"}
    personal = (CANARY, typed, "13985550177", household, PASSPHRASE)
    assert [(store, each) for store, text in kept for each in personal if each in text] == []
    # The key cannot be read out of the page: what unlocks lives in its memory, and no script can have its bytes.
    assert phone.page.evaluate("Object.values(localStorage).length + Object.values(sessionStorage).length") == 0
    cached = [text for store, text in kept if store == "cache"]
    assert cached
    assert [
        text[:80] for text in cached if text.startswith(("/office/forms", "/office/submissions", "/office/collect/work"))
    ] == []
    phone.switch_off()
    assert [(each, on_disk(phone.folder, each)) for each in personal if on_disk(phone.folder, each)] == []

    # The search would have found them: the same words, stored as they are, lie on the disk.
    phone.switch_on()
    phone.page.goto(SHELL)
    phone.page.evaluate(
        """words => new Promise((done) => {
            const request = indexedDB.open("in the clear");
            request.onupgradeneeded = () => request.result.createObjectStore("words");
            request.onsuccess = () => {
                const line = request.result.transaction("words", "readwrite", { durability: "strict" });
                line.objectStore("words").put(words, 1);
                line.oncomplete = () => done();
            };
        })""",
        typed,
    )
    phone.switch_off()
    assert on_disk(phone.folder, typed) != []


def test_an_answer_that_was_lost_on_its_way_back_doubles_nothing(
    phones: Callable[..., Phone], site: Field, tmp_path: Path
) -> None:
    household = site.household()
    phone = phones()
    phone.switch_on()
    phone.set_up()
    phone.take(household)
    phone.begin(household)
    phone.choose("saw_house", "no")
    phone.go_to(HOUSE)
    phone.choose("fuel", "gas")
    phone.go_to(PHOTOS)
    for name in ("house", "water"):
        picture = tmp_path / f"{name}.jpg"
        picture.write_bytes(fieldwork.photo(len(name)))
        phone.page.set_input_files(f"#q-photo_{name}-file", str(picture))
        expect(phone.page.locator(f"#q-photo_{name} img")).to_be_visible()
    assert phone.context is not None
    heard: list[int] = []

    def swallow(route: Route) -> None:
        heard.append(route.fetch().status)
        route.abort("connectionreset")

    phone.context.route(SUBMISSIONS, swallow)
    lost = {"event": "requestfailed", "predicate": lambda request: request.url.endswith("/office/submissions")}
    with phone.page.expect_event(**lost):
        phone.finish()
    for _again in range(2):
        expect(phone.page.locator("#send")).not_to_have_attribute("aria-busy", "true")
        with phone.page.expect_event(**lost):
            phone.page.click("#send")
    expect(phone.page.locator("#send")).not_to_have_attribute("aria-busy", "true")
    expect(phone.card(household, "waiting")).to_be_visible()
    # It is kept and waits for its photos, and the phone does not know.
    assert heard == [202, 202, 202]
    phone.context.unroute(SUBMISSIONS)
    phone.page.click("#send")
    expect(phone.card(household, "sent")).to_be_visible()
    assert site.submissions(household) == [("done", 2)]
    assert site.file(household).values["fuel"] == "gas"
    # What was sent is no longer on the device, photos and answers alike.
    kept = phone.page.evaluate(DUMP)
    assert [store for store, _ in kept if store == "photos"] == []


def test_a_wrong_passphrase_opens_nothing_and_makes_the_wait_grow_but_wipes_nothing(
    phones: Callable[..., Phone], site: Field
) -> None:
    household = site.household()
    phone = phones(locale="en-GB")
    page = phone.switch_on()
    phone.set_up()
    phone.take(household)
    page.click("#lock")
    assert CANARY not in page.content()
    for _try in range(5):
        phone.unlock("not the passphrase")
        expect(page.locator("#said .alert")).to_contain_text("This passphrase is not right")
        page.evaluate("document.getElementById('said').replaceChildren()")
    assert household not in page.content()
    # From the fifth try on the wait counts, after a reload too, even for the right one.
    page.reload()
    phone.unlock()
    expect(page.locator("#said .alert")).to_contain_text("Please wait")
    kept = page.evaluate(LET_THE_WAIT_PASS)
    assert kept[0] == 5
    assert 20_000 < kept[1] <= 30_000
    assert kept[2] >= 600_000
    phone.unlock()
    expect(phone.card(household, "taken")).to_be_visible()

    # Starting over is for the officer who is signed in, and in so many words.
    page.click("#lock")
    page.get_by_text("Forgotten the passphrase?").click()
    expect(page.locator("details")).to_contain_text("records: 2")
    page.get_by_role("button", name="Delete it and start over").click()
    page.wait_for_selector("#new-passphrase")
    assert {store for store, _ in page.evaluate(DUMP)} == {"forms", "cache"}


def test_idleness_and_signing_out_lock_and_leave_the_draft(phones: Callable[..., Phone], site: Field) -> None:
    household = site.household()
    phone = phones()
    page = phone.switch_on()
    page.clock.install()
    phone.set_up()
    phone.take(household)
    phone.begin(household)
    # A device that is full says so, and keeps the answer with the next one.
    page.evaluate(
        "() => { window.kept = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = () => { throw new Error(); }; }"
    )
    phone.choose("saw_house", "no")
    expect(page.locator("#alarm")).to_be_visible()
    page.evaluate("() => { IDBObjectStore.prototype.put = window.kept; }")
    phone.choose("saw_house", "yes")
    phone.saved()
    expect(page.locator("#alarm")).to_have_count(0)
    page.clock.fast_forward(11 * 60_000)
    expect(page.locator("#passphrase")).to_be_visible()
    assert CANARY not in page.content()
    phone.unlock()
    expect(page.locator("#q-saw_house-yes")).to_be_checked()
    assert phone.context is not None
    other = phone.context.new_page()
    other.goto("/")
    other.locator("details.menu summary").click()
    other.locator("form[action='/sign-out'] button").click()
    expect(page.locator("#passphrase")).to_be_visible()
    other.close()
    page.bring_to_front()
    phone.unlock()
    page.goto(f"{SHELL}#/")
    expect(phone.card(household, "draft")).to_be_visible()


def test_two_phones_that_change_one_value_see_the_conflict(phones: Callable[..., Phone], site: Field) -> None:
    household = site.household(fuel="wood")
    first, second = phones("first"), phones("second")
    for phone, fuel, litres in ((first, "coal", "50"), (second, "biogas", "")):
        phone.switch_on()
        phone.set_up()
        phone.take(household)
        assert phone.context is not None
        phone.context.set_offline(True)
        phone.begin(household)
        phone.choose("saw_house", "yes")
        phone.go_to(HOUSE)
        phone.choose("fuel", fuel)
        phone.go_to(WATER)
        if litres:
            phone.write("water_litres", litres)
        phone.finish()
        expect(phone.card(household, "waiting")).to_be_visible()
    for phone, state in ((first, "sent"), (second, "conflict")):
        assert phone.context is not None
        phone.context.set_offline(False)
        expect(phone.card(household, state)).to_be_visible()
    link = second.card(household, "conflict").locator(".alert a")
    assert link.get_attribute("href") == f"/office/files/{household}"
    file = site.file(household)
    # What only the first one changed stays, and neither value of the other field is lost.
    assert (file.values["fuel"], file.values["water_litres"]) == ("coal", 50)
    assert [conflict.field for conflict in file.conflicts] == ["fuel"]


def test_what_is_refused_says_why_and_is_put_right(phones: Callable[..., Phone], site: Field) -> None:
    household = site.household()
    phone = phones(locale="en-GB")
    page = phone.switch_on()
    phone.set_up()
    phone.take(household)
    phone.begin(household)
    phone.choose("saw_house", "yes")
    phone.go_to(MEMBERS)
    page.get_by_role("button", name="Add a member").click()
    page.wait_for_selector("#q-name")
    number = people.id_number(date(2001, 2, 3), "female")
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    phone.write("name", "杨小妹")
    phone.write("id_number", wrong)
    phone.choose("relation", "child")
    phone.choose("sex", "female")
    phone.write("born_on", "2001-02-03")
    phone.finish()
    refused = phone.card(household, "refused")
    expect(refused).to_contain_text("Identity card number")
    assert [member.identity["name"] for member in site.file(household).members] == [CANARY]
    refused.get_by_role("button", name="Put right").click()
    page.wait_for_selector("#finish")
    phone.go_to(f"{MEMBERS}/1")
    phone.write("id_number", number)
    phone.finish()
    expect(phone.card(household, "sent")).to_be_visible()
    assert [member.identity["name"] for member in site.file(household).members] == [CANARY, "杨小妹"]


def test_what_one_officer_gathered_is_not_sent_by_another(phones: Callable[..., Phone], site: Field) -> None:
    household = site.household()
    phone = phones(locale="en-GB")
    page = phone.switch_on()
    phone.set_up()
    phone.take(household)
    assert phone.context is not None
    phone.context.set_offline(True)
    phone.begin(household)
    phone.choose("saw_house", "yes")
    phone.finish()
    phone.context.set_offline(False)
    phone.context.clear_cookies()
    phone.sign_in(site.other_login)
    phone.unlock()
    expect(page.locator(".alert--warning").first).to_contain_text("Somebody else is signed in")
    expect(phone.card(household, "waiting")).to_be_visible()
    phone.context.clear_cookies()
    phone.sign_in(site.login)
    phone.unlock()
    expect(phone.card(household, "sent")).to_be_visible()
    assert [state for state, _ in site.submissions(household)] == ["done"]


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 390), ("en-GB", 1280)])
def test_every_screen_is_readable_large_enough_and_worked_by_keyboard(
    phones: Callable[..., Phone], site: Field, locale: str, width: int
) -> None:
    household = site.household()
    phone = phones(locale=locale)
    page = phone.switch_on(width=width)

    def look(screen: str) -> None:
        expect(page.locator("h1"), screen).to_have_count(1)
        # A phone of 640 px at 200 per cent, and a wide screen at 400, show as much as one of 320.
        for each in (320, width):
            page.set_viewport_size({"width": each, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, (
                screen,
                each,
            )
        assert grave_faults(page) == [], screen
        heights = page.eval_on_selector_all(
            f"main :is({TOUCHED})",
            "all => all.filter(one => one.offsetParent).map(one => one.getBoundingClientRect().height)",
        )
        assert all(height >= 44 for height in heights), screen

    page.goto(SHELL)
    page.wait_for_selector("main a.button")
    look("nothing")
    phone.sign_in(site.login)
    page.wait_for_selector("#new-passphrase")
    look("set-up")
    # By keyboard alone: the passphrase twice, into the list, along with a household, into its form.
    page.keyboard.type("12345678")
    page.keyboard.press("Enter")
    expect(page.locator("main .alert--error")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "new-passphrase"
    page.keyboard.press("Control+a")
    page.keyboard.type("mountain water 88")
    page.keyboard.press("Tab")
    page.keyboard.type("mountain water 88")
    page.keyboard.press("Enter")
    page.wait_for_selector("#line")
    look("home")
    phone.card(household).locator("button").focus()
    page.keyboard.press("Enter")
    expect(phone.card(household, "taken")).to_be_visible()
    phone.card(household).locator("a.button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("progress")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    for screen in (VISIT, HOUSEHOLD, HOUSE, MEMBERS, f"{MEMBERS}/0", PHOTOS, "review"):
        phone.go_to(screen)
        page.wait_for_url(f"**/{screen}")
        look(str(screen))
    phone.go_to(VISIT)
    page.locator("#q-saw_house-yes").focus()
    page.keyboard.press("Space")
    phone.saved()
    page.locator("#next").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#q-kind-dibao")
    page.click("#lock")
    look("locked")


def answers_to_judge() -> list[dict[str, Any]]:
    """Answers on both sides of every bound, pattern, choice and condition of the standard."""
    usual = {"household": "h", "seen": "0", **fieldwork.USUAL}
    tried: dict[str, list[str]] = {
        "saw_house": ["", "yes", "maybe"],
        "main_cause": ["", "illness", "unknown"],
        "other_causes": ["disaster", "illness", "disaster other", "disaster other lack_of_land", "disaster x"],
        "phone": ["13985550177", "+86 139 8555 0177", "abc", "1234567", "123"],
        "address": ["路" * 120, "路" * 121, "𠀀" * 120],
        "income_wages_yuan": ["0", "12.5", "12.55", "12.555", "-1", "100000000", "100000000.01", "1e3", "x", "１２"],
        "dwelling_m2": ["0", "2000", "2001", "-1", "12.5", "x"],
        "water_minutes": ["600", "601", "x"],
        "arable_mu": ["1.5", "1000", "1000.1", "1..5"],
        "plan_exit_year": ["2013", "2014", "2100", "2101"],
        "plan_measures": ["jobs", "jobs health", "jobs nothing"],
        "plan_text": ["好" * 1000, "好" * 1001],
    }
    cases = [{**usual, name: value} for name, values in tried.items() for value in values]
    # Not asked, so not judged.
    return [*cases, {**usual, "water_source": "tap", "water_minutes": "x"}]


def members_to_judge() -> list[dict[str, str]]:
    """The same for a member who is new, and for one who is on file."""
    new = {"name": "杨山", "relation": "child", "sex": "male", "born_on": "2001-02-03"}
    changes: list[dict[str, str]] = [
        {},
        {"name": ""},
        {"relation": "cousin"},
        {"born_on": ""},
        {"born_on": "2001-02-30"},
        {"born_on": "2001-2-3"},
        {"born_on": "2999-01-01"},
        {"id_number": "52263619700307123X"},
        {"id_number": "52263619700307123"},
        {"work_place": "county", "work_months": "12"},
        {"work_place": "county", "work_months": "13"},
        {"work_place": "farm", "work_months": "13"},
        {"work_months": "13"},
    ]
    return [*({**new, **change} for change in changes), {"member": "m"}, {"member": "m", "health": "well"}]


def test_the_page_judges_answers_as_the_server_does(phones: Callable[..., Phone]) -> None:
    form, today = standard_form(), date(2026, 6, 15)
    forms = [(answers, []) for answers in answers_to_judge()]
    forms += [({"household": "h", "seen": "0", **fieldwork.USUAL}, [member]) for member in members_to_judge()]
    page = phones().switch_on()
    page.goto(SHELL)
    address = page.locator("script[type=module]").get_attribute("src")
    assert address is not None
    found = page.evaluate(
        """async ([address, model, forms, today]) => {
            const rules = await import(address.replace("app.mjs", "rules.mjs"));
            return forms.map(([answers, members]) =>
                rules.faults(model, answers, members.map((each) => ({ answers: each, touched: true })), today)
                    .map((fault) => (fault.member === null ? "" : `members.${fault.member + 1}.`) + fault.name));
        }""",
        [address, json.loads(json.dumps(as_data(form))), forms, today.isoformat()],
    )
    # The page is stricter with how a number is written: digits as on a keyboard, without an exponent.
    stricter = {"1e3", "１２"}
    for (answers, members), ours in zip(forms, found, strict=True):
        kept = {name: value for name, value in answers.items() if value}
        given = tuple({name: value for name, value in member.items() if value} for member in members)
        theirs: dict[str, Any] = {}
        try:
            take_apart(form, Instance("uuid:12345678", "f", "1", answers=kept, members=given), today)
        except Invalid as error:
            theirs = error.data["fields"]
        expected = {*theirs, *(name for name, value in answers.items() if value in stricter)}
        assert set(ours) == expected, (answers, members)
