"""Settings are checked at start, and everything that is wrong is named at once."""

from pathlib import Path

import pytest

from marketplace.config import Settings, SettingsError


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"DATABASE_URL": "postgresql://x@localhost/y", "NONGQIAO_DATA_DIR": str(tmp_path), "SECRET_KEY": "x", **more}


def test_without_a_mail_server_nothing_more_is_needed(tmp_path: Path) -> None:
    settings = Settings.from_env(environ(tmp_path))
    assert (settings.smtp_url, settings.public_url) == ("", "http://127.0.0.1:5000")


def test_a_mail_server_needs_a_sender_and_an_address_for_links(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_env(environ(tmp_path, SMTP_URL="mail.example"))
    assert str(error.value) == (
        "SMTP_URL must begin with smtp:// or smtps://; MAIL_FROM is needed with SMTP_URL; PUBLIC_URL is needed with SMTP_URL"
    )
    settings = Settings.from_env(
        environ(tmp_path, SMTP_URL="smtps://mail.example", MAIL_FROM="a@b.example", PUBLIC_URL="https://shop.example/")
    )
    assert (settings.mail_from, settings.public_url) == ("a@b.example", "https://shop.example")


def test_links_must_lead_somewhere(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL must begin with http:// or https://"):
        Settings.from_env(environ(tmp_path, PUBLIC_URL="shop.example"))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "required"),
        ({"NONGQIAO_DEMO": "1"}, "offered"),
        ({"NONGQIAO_DEMO": "1", "OFFICER_SECOND_FACTOR": "required"}, "required"),
        ({"OFFICER_SECOND_FACTOR": "offered"}, "offered"),
    ],
)
def test_officers_need_a_second_factor_but_in_the_demo(tmp_path: Path, given: dict[str, str], wanted: str) -> None:
    assert Settings.from_env(environ(tmp_path, **given)).officer_second_factor == wanted
    with pytest.raises(SettingsError, match="OFFICER_SECOND_FACTOR must be offered or required"):
        Settings.from_env(environ(tmp_path, OFFICER_SECOND_FACTOR="no"))
