"""The search box: a combobox for the keyboard, silent while characters are being composed, an ordinary form without scripts."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site
from tests.browser.test_every_page import open_context

BOX = "form[data-search] input[name=q]"


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = open_context(browser, site, "zh_Hans", 390)
    yield context.new_page()
    context.close()


def test_the_keyboard_opens_marks_chooses_and_closes(page: Page) -> None:
    page.goto("/")
    box = page.locator(BOX)
    box.press_sequentially("pingg")
    page.locator(".search__option").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert box.get_attribute("role") == "combobox"
    faults = [fault["id"] for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
    assert faults == []
    heights = page.eval_on_selector_all(".search__option", "all => all.map(one => one.getBoundingClientRect().height)")
    assert min(heights) >= 44
    box.press("ArrowDown")
    marked = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    assert marked.get_attribute("aria-selected") == "true"
    box.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "pingg"
    box.press_sequentially("uo")
    page.locator(".search__option").first.wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/"))
    assert "苹果" in page.locator("h1").inner_text()


def test_nothing_is_asked_while_characters_are_being_composed(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/suggest" in request.url else None)
    page.clock.install()
    page.goto("/")
    page.locator(BOX).focus()
    typing = """([kind, value, composing]) => {
        const box = document.activeElement;
        if (value !== null) box.value = value;
        box.dispatchEvent(kind === 'input' ? new InputEvent('input', { isComposing: composing }) : new CompositionEvent(kind));
    }"""
    page.evaluate(typing, ["input", "p", False])
    page.evaluate(typing, ["compositionstart", None, True])
    for value in ("pi", "pin", "ping"):
        page.evaluate(typing, ["input", value, True])
    page.clock.run_for(5_000)
    assert asked == []
    page.evaluate(typing, ["input", "苹", True])
    page.evaluate(typing, ["compositionend", None, False])
    with page.expect_request(lambda request: "/suggest" in request.url):
        page.clock.run_for(1_000)
    assert [url.split("?")[1] for url in asked] == ["q=%E8%8B%B9"]


def test_without_scripts_the_box_is_a_form_and_suggestions_are_a_page(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.fill(BOX, "pingguo")
    page.locator(BOX).press("Enter")
    page.wait_for_url(lambda url: "/search?q=pingguo" in url)
    page.goto("/suggest?q=ping")
    links = page.locator("main li a")
    assert "苹果" in links.first.inner_text()
    links.first.click()
    page.wait_for_url(lambda url: "/suggest" not in url)
    assert "苹果" in page.locator("h1").inner_text()
    context.close()
