"""Public pages have an address for each language, which search engines are told of; it holds for that page alone."""

import re

import pytest
from flask import g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.shop_world import ShopWorld

LINK = re.compile(r'<link rel="(canonical|alternate)"(?: hreflang="([^"]+)")? href="([^"]+)">')


def look(client: FlaskClient, path: str) -> TestResponse:
    """Look at a page as somebody whose browser asks for Chinese; nothing is remembered from the page before."""
    vars(g._get_current_object()).clear()
    return client.get(path, headers={"Accept-Language": "zh"})


def links(page: str) -> dict[str, str]:
    """What a page says of its addresses, by language."""
    return {language or rel: href.replace("&amp;", "&") for rel, language, href in LINK.findall(page)}


@pytest.fixture
def paths(session: object) -> list[str]:
    world = ShopWorld()
    return ["/", "/about", "/policy", f"/p/{world.apples.public_id}", "/c/fruit"]


def test_each_public_page_has_an_address_in_both_languages(client: FlaskClient, paths: list[str]) -> None:
    for path in paths:
        plain = f"http://localhost{path}"
        found = {
            "zh-Hans": f"{plain}?lang=zh_Hans",
            "en": f"{plain}?lang=en",
            "x-default": plain,
        }
        answer = look(client, path)
        assert (answer.status_code, links(answer.text)) == (200, {"canonical": plain, **found}), path
        for language, locale in (("en", "en"), ("zh-Hans", "zh_Hans")):
            answer = look(client, f"{path}?lang={locale}")
            assert (answer.status_code, f'<html lang="{language}">' in answer.text) == (200, True), path
            assert links(answer.text) == {"canonical": found[language], **found}


def test_a_language_in_an_address_holds_for_that_page_and_an_unknown_one_not_at_all(client: FlaskClient) -> None:
    client.set_cookie("locale", "zh_Hans")
    assert '<html lang="en">' in look(client, "/about?lang=en").text
    assert '<html lang="zh-Hans">' in look(client, "/about").text
    answer = look(client, "/about?lang=xx")
    assert (answer.status_code, '<html lang="zh-Hans">' in answer.text) == (200, True)
    assert links(answer.text)["canonical"] == "http://localhost/about"
