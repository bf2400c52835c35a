"""The server for phones, by requests as ODK Collect sends them."""

import base64
import io
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.registry.files import read_file
from marketplace.registry.models import FileReading, FormSubmission, FormVersion, Household, HouseholdPicture
from marketplace.registry.reading import unbounded
from marketplace.web.submissions import take_up_waiting
from tests import factories
from tests.registry import people
from tests.registry.forms import fieldwork

LIST, MANIFEST = "{http://openrosa.org/xforms/xformsList}", "{http://openrosa.org/xforms/xformsManifest}"
BOUNDARY = "----ODKFormBoundary7d1f"


class Phone:
    """ODK Collect of one collector: it signs in with Basic, and asks before it sends."""

    def __init__(self, client: FlaskClient, login: str, token: str) -> None:
        self.client = client
        signed = base64.b64encode(f"{login}:{token}".encode()).decode()
        self.headers = {
            "Authorization": f"Basic {signed}",
            "X-OpenRosa-Version": "1.0",
            "User-Agent": "org.odk.collect.android/v2024.3.4 Dalvik/2.1.0",
            "Accept-Language": "en",
        }

    def get(self, path: str) -> TestResponse:
        return self._ask("GET", path)

    def head(self, path: str) -> TestResponse:
        return self._ask("HEAD", path)

    def send(self, raw: bytes, files: dict[str, bytes] | None = None, *, last: bool = True) -> TestResponse:
        content = multipart(raw, files or {}, last=last)
        return self._ask("POST", "/openrosa/submission", data=content, content_type=f"multipart/form-data; boundary={BOUNDARY}")

    def _ask(self, method: str, path: str, **options: Any) -> TestResponse:
        # The test holds one application context; each request must begin without who the one before was.
        vars(g._get_current_object()).clear()
        db.session.commit()
        return self.client.open(path, method=method, headers=self.headers, **options)


def multipart(raw: bytes, files: dict[str, bytes], *, last: bool = True) -> bytes:
    """The body of a submission, part by part as Collect's HTTP client writes it."""
    parts = [("xml_submission_file", "household_52_2026-06-15.xml", "text/xml", raw)]
    parts += [(name, name, "image/jpeg", content) for name, content in files.items()]
    body = io.BytesIO()
    for name, filename, kind, content in parts:
        body.write(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        body.write(content + b"\r\n")
    if not last:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="*isIncomplete*"\r\n'
        body.write(f"{head}Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nyes\r\n".encode())
    body.write(f"--{BOUNDARY}--\r\n".encode())
    return body.getvalue()


@pytest.fixture
def officer(session: Session) -> Account:
    return people.officer()


@pytest.fixture
def standard(session: Session) -> FormVersion:
    return fieldwork.standard()


@pytest.fixture
def household(session: Session) -> Household:
    return factories.household()


@pytest.fixture
def phone(client: FlaskClient, officer: Account) -> Phone:
    return Phone(client, officer.login, fieldwork.token(officer))


def counted(model: type) -> int:
    return db.session.scalar(unbounded(select(func.count()).select_from(model), "a test")) or 0


def said(answer: TestResponse) -> str:
    """The message of an answer in the OpenRosa form."""
    root = fromstring(answer.data)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    return str(root[0].text)


def fuel(household: Household) -> Any:
    return read_file(household, clock.local_day(clock.now()).year).values.get("fuel")


def filled(household: Household, **answers: Any) -> bytes:
    now = clock.now()
    return fieldwork.xml(household.public_id, answers, began=now - timedelta(minutes=20), ended=now)


def test_a_phone_is_asked_who_it_is_and_told_how(client: FlaskClient, standard: FormVersion) -> None:
    for path, method in (("/openrosa/formList", "GET"), ("/openrosa/submission", "HEAD")):
        answer = client.open(path, method=method)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Nongqiao", charset="UTF-8"'
        assert answer.headers["X-OpenRosa-Version"] == "1.0"


def test_the_form_list_names_the_form_of_ones_area_and_it_can_be_fetched(phone: Phone, standard: FormVersion) -> None:
    answer = phone.get("/openrosa/formList")
    assert (answer.status_code, answer.headers["X-OpenRosa-Version"]) == (200, "1.0")
    assert "Date" in answer.headers and answer.mimetype == "text/xml"
    forms = fromstring(answer.data).findall(f"{LIST}xform")
    told = {part.tag.removeprefix(LIST): part.text for part in forms[0]}
    assert (len(forms), told["formID"], told["version"]) == (1, "household_52", fieldwork.VERSION)
    form = phone.get(path_of(told["downloadUrl"]))
    assert form.text == standard.xform
    assert told["hash"] == f"md5:{standard.md5}"


def path_of(url: str | None) -> str:
    assert url is not None and url.startswith("http://localhost/")
    return url.removeprefix("http://localhost")


def test_the_manifest_names_lists_with_masked_names_and_handing_them_out_is_written_down(
    phone: Phone, standard: FormVersion, household: Household, officer: Account
) -> None:
    sibling = factories.household("522636100002")
    with transaction():
        head = people.head(household, officer, name="杨阿山")
        people.head(sibling, officer, name="潘金丝雀")
    answer = phone.get(f"/openrosa/forms/{standard.public_id}/manifest.xml")
    files = [
        {part.tag.removeprefix(MANIFEST): part.text for part in file}
        for file in fromstring(answer.data).findall(f"{MANIFEST}mediaFile")
    ]
    assert [file["filename"] for file in files] == ["households.csv", "household_members.csv"]
    households, members = (phone.get(path_of(file["downloadUrl"])) for file in files)
    seen = read_file(household, 2026).seen
    assert households.text == f"name,label,seen\n{household.public_id},{household.code[12:]} 杨*山,{seen}\n"
    assert members.text == f"name,label,household\n{head.public_id},杨*山 户主 1970,{household.public_id}\n"
    readings = db.session.scalars(unbounded(select(FileReading), "a test")).all()
    assert {(row.household_id, row.by_id, row.part) for row in readings} == {(household.id, officer.id, "form")}


def test_a_phone_may_ask_before_it_sends(phone: Phone) -> None:
    answer = phone.head("/openrosa/submission")
    assert (answer.status_code, answer.headers["X-OpenRosa-Version"]) == (204, "1.0")
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) == 24 * 1024 * 1024
    assert answer.headers["Location"] == "http://localhost/openrosa/submission"


def test_a_submission_is_taken_in_and_three_times_is_once(phone: Phone, standard: FormVersion, household: Household) -> None:
    raw = filled(household, fuel="coal")
    answers = [phone.send(raw) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert said(answers[0]) == "Kept and taken into the file."
    assert (counted(FormSubmission), fuel(household)) == (1, "coal")


def test_photos_in_several_posts_make_one_submission(phone: Phone, standard: FormVersion, household: Household) -> None:
    raw = filled(household, fuel="gas", photo_house="a.jpg", photo_kitchen="b.jpg")
    first = phone.send(raw, {"a.jpg": fieldwork.photo(1)}, last=False)
    assert (first.status_code, fuel(household)) == (202, None)
    second = phone.send(raw, {"b.jpg": fieldwork.photo(2)})
    assert (second.status_code, fuel(household)) == (201, "gas")
    assert (counted(FormSubmission), counted(HouseholdPicture)) == (1, 2)


def test_photos_that_never_come_hold_up_the_rest_for_three_days(
    phone: Phone, standard: FormVersion, household: Household
) -> None:
    assert phone.send(filled(household, fuel="gas", photo_house="a.jpg")).status_code == 202
    take_up_waiting(now=clock.now() + timedelta(days=2))
    assert fuel(household) is None
    take_up_waiting(now=clock.now() + timedelta(days=4))
    assert fuel(household) == "gas"
    kept = db.session.scalars(unbounded(select(FormSubmission), "a test")).one()
    assert (kept.state, kept.outcome["pictures_missing"]) == ("done", ["photo_house"])


@pytest.mark.parametrize("raw", [b"<data", b"no xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><data/>"])
def test_bad_xml_gets_a_plain_word_and_is_kept(phone: Phone, standard: FormVersion, raw: bytes) -> None:
    answer = phone.send(raw)
    assert (answer.status_code, said(answer)) == (
        400,
        "The submission could not be read: it is kept as it came; please tell the office",
    )
    assert counted(FormSubmission) == 1


def test_a_post_without_a_form_is_refused(phone: Phone, standard: FormVersion) -> None:
    answer = phone._ask("POST", "/openrosa/submission", data={"x": "y"})
    assert (answer.status_code, counted(FormSubmission)) == (400, 0)
    assert "xml_submission_file" in said(answer)


def test_what_does_not_fit_the_file_is_kept_for_the_office(phone: Phone, standard: FormVersion, household: Household) -> None:
    answer = phone.send(filled(household, water_litres="100000"))
    assert (answer.status_code, counted(FormSubmission)) == (201, 1)
    assert "The office will look at it" in said(answer)


def test_the_accounts_own_password_opens_nothing(client: FlaskClient, officer: Account, standard: FormVersion) -> None:
    answer = Phone(client, officer.login, factories.PASSWORD).get("/openrosa/formList")
    assert answer.status_code == 401


def test_a_token_opens_nothing_under_another_name_or_for_another_purpose(
    client: FlaskClient, officer: Account, standard: FormVersion
) -> None:
    other = people.officer("522636100", "潘干部")
    assert Phone(client, other.login, fieldwork.token(officer)).get("/openrosa/formList").status_code == 401
    narrow = fieldwork.token(officer, ("office:read",))
    assert Phone(client, officer.login, narrow).get("/openrosa/formList").status_code == 403
    reading = fieldwork.token(officer, ("forms:read",))
    assert Phone(client, officer.login, reading).get("/openrosa/formList").status_code == 200
    assert Phone(client, officer.login, reading).send(b"<data/>").status_code == 403
    assert counted(FormSubmission) == 0


def test_a_signed_in_browser_is_nobody_here(client: FlaskClient, officer: Account, standard: FormVersion) -> None:
    db.session.commit()
    with client.session_transaction() as kept:
        kept["_user_id"] = f"{officer.id}:{officer.session_epoch}"
    assert client.get("/openrosa/formList").status_code == 401


def test_more_than_it_takes_at_once_is_refused_before_it_is_read(
    phone: Phone, standard: FormVersion, household: Household, app: Flask
) -> None:
    answer = phone.send(filled(household), {"a.jpg": b"x" * (25 * 1024 * 1024)})
    assert (answer.status_code, counted(FormSubmission)) == (413, 0)
