"""Files that no row names any more are deleted in time, and no other is."""

import io
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from marketplace.catalogue.photos import add_photo, remove_photo
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.documents import store_pdf
from marketplace.kernel.pictures import Picture, read_picture, store_picture
from marketplace.projects.tracking import Taken, start_project
from marketplace.projects.tracking import add_photo as add_photo_of_work
from marketplace.web.claim_words import private_folder
from marketplace.web.forgotten_files import WAITS, forget_files
from marketplace.web.portals.evidence import consents_folder
from marketplace.web.uploads import documents_folder, households_folder, pictures_folder
from tests import factories
from tests.aftersale.sale import Sale
from tests.projects.world import approved, world

PDF = b"%PDF-1.4\n" + os.urandom(16).hex().encode() + b"\n%%EOF\n"


def picture(colour: tuple[int, int, int]) -> Picture:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return read_picture(buffer.getvalue())


def files_of(name: str, folder: Path) -> int:
    return len(list((folder / name[:2]).glob(f"{name[2:]}.*")))


def sweep(now: datetime) -> None:
    forget_files.func(timestamp=int(now.timestamp()))


@pytest.fixture
def later(session: Session) -> datetime:
    """A moment at which what is stored now is old."""
    return clock.now() + WAITS + timedelta(minutes=1)


def test_what_no_row_names_is_deleted_after_two_days_and_not_before(app: Flask, later: datetime) -> None:
    shown, alone = picture((200, 30, 30)), picture((30, 200, 30))
    for one in (shown, alone):
        store_picture(one, pictures_folder())
    paper = store_pdf(PDF, documents_folder())
    consent = store_picture(picture((30, 30, 200)), consents_folder())
    with transaction():
        listing = factories.listing()
        photo = add_photo(listing, shown, actor="test", now=factories.NOW)
    sweep(later - timedelta(minutes=2))
    assert [files_of(one.name, pictures_folder()) for one in (shown, alone)] == [3, 3]
    sweep(later)
    assert [files_of(one.name, pictures_folder()) for one in (shown, alone)] == [3, 0]
    assert (files_of(paper, documents_folder()), files_of(consent, consents_folder())) == (0, 0)
    with transaction():
        remove_photo(photo, actor="test", now=factories.NOW)
    sweep(later)
    assert files_of(shown.name, pictures_folder()) == 0


def test_a_picture_that_is_stored_again_is_young_again(app: Flask, later: datetime) -> None:
    again = picture((90, 10, 90))
    store_picture(again, pictures_folder())
    long_ago = (later - timedelta(days=30)).timestamp()
    for path in (pictures_folder() / again.name[:2]).glob(f"{again.name[2:]}.*"):
        os.utime(path, (long_ago, long_ago))
    store_picture(again, pictures_folder())
    sweep(later - timedelta(minutes=2))
    assert files_of(again.name, pictures_folder()) == 3


def test_the_pictures_of_a_claim_stay_and_those_of_one_that_was_refused_do_not(app: Flask, later: datetime) -> None:
    sale = Sale()
    claimed, refused = picture((10, 90, 90)), picture((90, 90, 10))
    for one in (claimed, refused):
        store_picture(one, private_folder())
    sale.claim(pictures=[claimed])
    sweep(later)
    assert [files_of(one.name, private_folder()) for one in (claimed, refused)] == [3, 0]


def test_a_picture_of_a_project_stays_as_long_as_its_project(app: Flask, later: datetime) -> None:
    kept, alone = (store_picture(picture(colour), households_folder()) for colour in ((10, 200, 90), (10, 90, 200)))
    with transaction():
        here = world()
        project = approved(here, now=clock.now() - timedelta(days=40))
        start_project(project, by=here.declarer, now=clock.now())
        add_photo_of_work(project, None, Taken(kept, local_day(clock.now()), "一组"), by=here.declarer, now=clock.now())
    sweep(later)
    assert [files_of(name, households_folder()) for name in (kept, alone)] == [3, 0]
