"""The main job as its people do it, in a browser with JavaScript switched off."""

import csv
import re
from decimal import Decimal

from playwright.sync_api import Browser, BrowserContext, Page

from marketplace.kernel import clock
from tests.browser.conftest import Site
from tests.browser.test_every_page import sign_in


def person(browser: Browser, site: Site, login: str) -> tuple[BrowserContext, Page]:
    """Somebody with a phone that runs no scripts."""
    context = browser.new_context(
        base_url=site.url, java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="en-GB"
    )
    context.add_cookies([{"name": "locale", "value": "en", "url": site.url}])
    page = context.new_page()
    sign_in(page, login)
    return context, page


def benefit_yuan(page: Page) -> Decimal:
    """What registered households sold today, added up from the file that the officer's page offers."""
    today = clock.local_day(clock.now()).isoformat()
    text = page.request.get(f"/office/sales.csv?by=month&from={today}&to={today}").text().lstrip("\ufeff")
    sold = [row["Sales of registered households (yuan)"] for row in csv.DictReader(text.splitlines())]
    # Behind the rows stands how they were counted, in one column.
    return sum((Decimal(yuan) for yuan in sold if yuan), Decimal())


def test_a_consumer_finds_and_buys_and_government_sees_the_sale(browser: Browser, site: Site) -> None:
    # Of the prefecture: what the list puts first may come from a neighbouring county.
    office, officer = person(browser, site, "qiandongnan")
    before = benefit_yuan(officer)

    # A consumer finds goods that support registered households in the list made for them, and buys.
    shop, consumer = person(browser, site, "consumer")
    consumer.goto("/")
    card = consumer.locator("main article, main li").filter(has_text="Supports registered households").first
    with consumer.expect_navigation():
        card.locator("form[action$='/basket/lines'] button[type=submit]").first.click()
    consumer.goto("/checkout")
    consumer.select_option("select[name=province]", "52")
    with consumer.expect_navigation():
        consumer.click("#show-counties")
    consumer.select_option("select[name=county]", "522601")
    # What delivery costs is seen before it is ordered.
    with consumer.expect_navigation():
        consumer.click("#show-prices")
    consumer.fill("input[name=recipient]", "Li Si")
    consumer.fill("input[name=phone]", "13800000000")
    consumer.fill("[name=address]", "1 Yingpan Road")
    consumer.locator("main form[action$='/checkout'][method=post] button[type=submit]").last.click()
    consumer.wait_for_url(re.compile(r"/orders/[a-z0-9]+"))
    reference = re.search(r"NQ\d{6}-[A-Z0-9]{6}", consumer.inner_text("main"))
    assert reference is not None

    # The operator confirms the money.
    desk, operator = person(browser, site, "operator")
    operator.goto("/operator/payments")
    operator.fill("input[name=reference]", reference.group())
    with operator.expect_navigation():
        operator.locator("main form[role=search] button[type=submit]").click()
    row = operator.locator("main tr, main li, main article").filter(has_text=reference.group()).last
    with operator.expect_navigation():
        row.locator("form[action$='/confirm'] button[type=submit]").first.click()

    # Government sees the sale once the worker has built the day.
    site.demo.command("facts", "build")
    assert benefit_yuan(officer) > before
    for context in (office, shop, desk):
        context.close()
