"""What farmers show of their goods, what the operator looks at, and what buyers then see."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.certificates import enter_indication
from marketplace.catalogue.models import Certificate, Indication, Listing, ListingPhoto, Lot
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.orders.queries import basket_view
from marketplace.web.certificate_notices import tell_of_certificates
from tests import factories
from tests.web.desk_world import COUNTY, POOR_VILLAGE, Desk, World, make_account

TODAY = clock.local_day(clock.now())
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def operator_of(client: FlaskClient) -> Desk:
    with transaction():
        operator = make_account(RoleKind.OPERATOR, "", "operator")
    return Desk(client, operator)


def jpeg(colour: str = "red", size: tuple[int, int] = (400, 300)) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Village Phone 7"
    Image.new("RGB", size, colour).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def send_photos(desk: Desk, listing: Listing, *photos: bytes) -> Any:
    files = [(io.BytesIO(photo), f"{at}.jpg") for at, photo in enumerate(photos)]
    path = f"/farm/listings/{listing.public_id}/photos"
    return desk.post(path, {"photo": files}, content_type="multipart/form-data")


def photos_of(session: Session, listing: Listing) -> list[ListingPhoto]:
    session.expire_all()
    return list(session.scalars(select(ListingPhoto).filter_by(listing_id=listing.id).order_by(ListingPhoto.position)))


def test_photos_are_shown_first_to_last_and_what_the_camera_wrote_is_gone(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing()
    answer = send_photos(farmer, listing, jpeg(), jpeg("green"))
    assert (answer.status_code, answer.location) == (303, f"/farm/listings/{listing.public_id}/showing#photos")
    first, second = photos_of(session, listing)
    assert [(photo.position, photo.width, photo.height, photo.alt_zh, photo.alt_en) for photo in (first, second)] == [
        (0, 400, 300, "红苹果", "Red apples"),
        (1, 400, 300, "红苹果", "Red apples"),
    ]
    page = farmer.get(f"/p/{listing.public_id}").text
    assert re.findall(r'id="photo-\d"><img src="/pictures/([0-9a-f]{64})-800\.webp"', page) == [first.name, second.name]
    assert f'"image": ["http://localhost/pictures/{first.name}-1600.webp"' in page
    cards = farmer.get("/search").text
    assert f'srcset="/pictures/{first.name}-320.webp 320w, /pictures/{first.name}-1600.webp 400w"' in cards or (
        f"/pictures/{first.name}-320.webp 320w" in cards
    )
    picture = farmer.get(f"/pictures/{first.name}-320.webp")
    assert (picture.status_code, picture.mimetype) == (200, "image/webp")
    assert picture.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"Village" not in picture.data and Image.open(io.BytesIO(picture.data)).size == (320, 240)
    assert farmer.get(f"/pictures/{first.name}-320.webp", query_string={"x": "1"}).data == picture.data


def test_another_photo_is_made_first_described_and_removed(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing()
    send_photos(farmer, listing, jpeg("red"), jpeg("green"), jpeg("blue"))
    red, green, blue = photos_of(session, listing)
    path = f"/farm/listings/{listing.public_id}/photos"
    assert farmer.post(f"{path}/{blue.public_id}/first").status_code == 303
    assert [photo.name for photo in photos_of(session, listing)] == [blue.name, red.name, green.name]
    assert farmer.post(f"{path}/{red.public_id}/words", {"alt_zh": "筐里的苹果", "alt_en": ""}).status_code == 303
    assert (red.alt_zh, red.alt_en) == ("筐里的苹果", "Red apples")
    assert farmer.post(f"{path}/{blue.public_id}/remove").status_code == 303
    assert [(photo.name, photo.position) for photo in photos_of(session, listing)] == [(red.name, 0), (green.name, 1)]
    # Nobody shows it any more, so nobody is given it.
    assert farmer.get(f"/pictures/{blue.name}-320.webp").status_code == 404


def test_photos_that_cannot_be_read_or_are_too_many_are_refused_and_none_is_kept(
    farmer: Desk, world: World, session: Session
) -> None:
    listing = world.listing()
    assert send_photos(farmer, listing, jpeg(), b"no picture").status_code == 422
    assert "JPEG, PNG or WebP" in send_photos(farmer, listing, b"no picture").text
    assert send_photos(farmer, listing).status_code == 422
    colours = ("red", "green", "blue", "white", "black", "grey", "pink", "brown", "gold")
    assert send_photos(farmer, listing, *map(jpeg, colours)).status_code == 409
    assert photos_of(session, listing) == []
    assert send_photos(farmer, listing, *map(jpeg, colours[:8])).status_code == 303
    assert send_photos(farmer, listing, jpeg("gold")).status_code == 409
    assert send_photos(farmer, listing, jpeg("red")).status_code == 409
    assert len(photos_of(session, listing)) == 8


def test_a_ninth_photo_is_refused_by_the_database_whoever_forgets(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing()
    send_photos(farmer, listing, jpeg())
    (photo,) = photos_of(session, listing)
    photo.position = 8
    with pytest.raises(IntegrityError, match="ck_listing_photo_position_range"):
        session.flush()


def test_a_request_larger_than_eight_photos_is_refused_before_it_is_read(farmer: Desk, world: World) -> None:
    listing = world.listing()
    path = f"/farm/listings/{listing.public_id}/photos"
    too_much = b"x" * (97 * 1024 * 1024)
    assert farmer.post(path, too_much, content_type="multipart/form-data; boundary=x").status_code == 413
    # A form that takes no files keeps its small limit.
    path = f"/farm/listings/{listing.public_id}/window"
    assert farmer.post(path, {"opens_on": "x" * (300 * 1024)}).status_code == 413


def test_somebody_elses_listing_gets_no_photo(client: FlaskClient, world: World, session: Session) -> None:
    listing = world.listing()
    assert send_photos(Desk(client, world.neighbour), listing, jpeg()).status_code == 404
    assert photos_of(session, listing) == []


def test_a_photo_of_a_draft_is_its_sellers_alone(client: FlaskClient, world: World, session: Session) -> None:
    listing = world.listing()
    send_photos(Desk(client, world.farmer), listing, jpeg())
    name = photos_of(session, listing)[0].name
    with transaction():
        listing.state = "draft"
    own = Desk(client, world.farmer).get(f"/pictures/{name}-320.webp")
    assert (own.status_code, own.headers["Cache-Control"]) == (200, "private, max-age=3600")
    for other in (world.neighbour, None):
        assert Desk(client, other).get(f"/pictures/{name}-320.webp").status_code == 404


def test_the_same_photo_of_two_sellers_is_shown_to_the_operator(client: FlaskClient, world: World) -> None:
    mine, own_again = world.listing(title_en="Red apples"), world.listing(title_en="Red apples too")
    theirs = world.listing(world.other_farm, title_en="Their apples")
    send_photos(Desk(client, world.farmer), mine, jpeg("red"), jpeg("green"))
    send_photos(Desk(client, world.farmer), own_again, jpeg("green"))
    page = operator_of(client).get("/operator/evidence/").text
    assert "No photo is shown by two sellers." in page
    send_photos(Desk(client, world.neighbour), theirs, jpeg("red"))
    page = operator_of(client).get("/operator/evidence/").text
    assert "Red apples" in page and "Their apples" in page and "Red apples too" not in page


def test_goods_are_seen_before_their_window_and_cannot_be_ordered(
    client: FlaskClient, farmer: Desk, world: World, session: Session
) -> None:
    listing = world.listing()
    opens, closes = TODAY + timedelta(days=3), TODAY + timedelta(days=9)
    path = f"/farm/listings/{listing.public_id}/window"
    assert farmer.post(path, {"opens_on": closes.isoformat(), "closes_on": opens.isoformat()}).status_code == 422
    assert farmer.post(path, {"opens_on": opens.isoformat(), "closes_on": closes.isoformat()}).status_code == 303
    buyer = Desk(client, world.buyer)
    page = buyer.get(f"/p/{listing.public_id}").text
    assert "Until then it cannot be ordered." in page and "Add to basket" not in page.split('id="alike"')[0]
    assert "https://schema.org/PreOrder" in page
    assert "Opens on" in buyer.get("/search").text
    assert buyer.post("/basket/lines", {"listing": listing.public_id, "quantity": "1"}).status_code == 409
    assert not basket_view(world.buyer.id, None, now=clock.now()).lines
    with transaction():
        listing.opens_on, listing.closes_on = None, None
    assert Desk(client, world.buyer).post("/basket/lines", {"listing": listing.public_id, "quantity": "1"}).status_code == 303
    with transaction():
        db.session.get_one(Listing, listing.id).closes_on = TODAY - timedelta(days=1)
    assert [line.problem for line in basket_view(world.buyer.id, None, now=clock.now()).lines] == ["not_in_season"]
    assert "Please take it out." in Desk(client, world.buyer).get("/basket").text


def test_a_harvest_to_come_is_offered_bought_and_confirmed(
    client: FlaskClient, farmer: Desk, world: World, session: Session
) -> None:
    listing = world.listing(quantity="2")
    base = f"/farm/listings/{listing.public_id}"
    day = TODAY + timedelta(days=10)
    assert farmer.post(f"{base}/expected", {"expected_on": TODAY.isoformat(), "quantity": "50"}).status_code == 422
    assert farmer.post(f"{base}/expected", {"expected_on": day.isoformat(), "quantity": "50"}).status_code == 303
    lot = session.scalars(select(Lot).filter_by(listing_id=listing.id, expected=True)).one()
    assert (lot.on_hand, lot.harvested_on, listing.available) == (50, day, 52)
    buyer = Desk(client, world.buyer)
    page = buyer.get(f"/p/{listing.public_id}").text
    assert "50 jin can be ordered" in page and "then the latest, the last of them in part" in page
    assert buyer.post("/basket/lines", {"listing": listing.public_id, "quantity": "5"}).status_code == 303
    assert "3 jin of it come from the harvest about" in buyer.get("/basket").text
    (line,) = basket_view(world.buyer.id, None, now=clock.now()).lines
    assert line.waits_for == 3
    farmer = Desk(client, world.farmer)
    later = day + timedelta(days=2)
    path = f"{base}/expected/{lot.public_id}"
    assert farmer.post(f"{path}/put-off", {"new_day": later.isoformat()}).status_code == 303
    refused = farmer.post(f"{path}/confirm", {"harvested_on": later.isoformat(), "real_quantity": "40"})
    assert (refused.status_code, "today at the latest" in refused.text) == (422, True)
    done = farmer.post(f"{path}/confirm", {"harvested_on": TODAY.isoformat(), "real_quantity": "40"})
    assert done.status_code == 303
    session.expire_all()
    assert (lot.expected, lot.on_hand, lot.harvested_on, listing.available) == (False, 40, TODAY, 42)
    assert farmer.post(f"{path}/confirm", {"harvested_on": TODAY.isoformat(), "real_quantity": "40"}).status_code == 409
    assert Desk(client, world.neighbour).post(f"{path}/confirm", {}).status_code == 404


def paper(**changes: Any) -> dict[str, Any]:
    form = {
        "kind": "green",
        "number": "LB-15-2026-0042",
        "issuer": "中国绿色食品发展中心",
        "valid_from": (TODAY - timedelta(days=30)).isoformat(),
        "valid_to": (TODAY + timedelta(days=20)).isoformat(),
        "paper": (io.BytesIO(PDF), "paper.pdf"),
    }
    return {**form, **changes}


def hand_in(desk: Desk, **changes: Any) -> Any:
    return desk.post("/farm/listings/certificates/", paper(**changes), content_type="multipart/form-data")


def test_a_certificate_is_shown_when_it_was_verified_and_as_long_as_it_is_valid(
    client: FlaskClient, farmer: Desk, world: World, session: Session
) -> None:
    listing = world.listing()
    assert hand_in(farmer).status_code == 303
    certificate = session.scalars(select(Certificate)).one()
    assert "LB-15-2026-0042" not in farmer.get(f"/p/{listing.public_id}").text
    operator = operator_of(client)
    assert "LB-15-2026-0042" in operator.get("/operator/evidence/").text
    file = operator.get(f"/operator/evidence/{certificate.public_id}/file")
    assert (file.status_code, file.data, file.mimetype) == (200, PDF, "application/pdf")
    assert file.headers["Content-Disposition"] == f"attachment; filename={certificate.public_id}.pdf"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert operator.post(f"/operator/evidence/{certificate.public_id}/verify").status_code == 303
    page = operator.get(f"/p/{listing.public_id}").text
    assert "LB-15-2026-0042" in page and "中国绿色食品发展中心" in page
    lot = session.scalars(select(Lot).filter_by(listing_id=listing.id)).one()
    assert f"/lots/{lot.public_id}" in page
    shown = operator.get(f"/lots/{lot.public_id}").text
    assert "LB-15-2026-0042" in shown and 'content="noindex"' in shown
    # The lot names its village and nobody who lives there.
    assert "卡拉村的农家" not in shown and f"Farm of {POOR_VILLAGE}" not in shown
    with transaction():
        db.session.get_one(Certificate, certificate.id).valid_to = TODAY - timedelta(days=1)
    for path in (f"/p/{listing.public_id}", f"/lots/{lot.public_id}"):
        assert "LB-15-2026-0042" not in operator.get(path).text
    assert "Expired" in Desk(client, world.farmer).get("/farm/listings/certificates/").text


def test_a_report_on_one_lot_says_nothing_of_the_sellers_other_goods(
    client: FlaskClient, farmer: Desk, world: World, session: Session
) -> None:
    tested, other = world.listing(), world.listing()
    lot = session.scalars(select(Lot).filter_by(listing_id=tested.id)).one()
    assert hand_in(farmer, kind="test_report", number="R-0107", lot=lot.public_id).status_code == 303
    certificate = session.scalars(select(Certificate)).one()
    operator = operator_of(client)
    assert operator.post(f"/operator/evidence/{certificate.public_id}/verify").status_code == 303
    assert "R-0107" in operator.get(f"/p/{tested.public_id}").text
    assert "R-0107" not in operator.get(f"/p/{other.public_id}").text


def test_a_refused_certificate_says_why_and_can_be_handed_in_again(
    client: FlaskClient, farmer: Desk, world: World, session: Session
) -> None:
    hand_in(farmer)
    assert hand_in(farmer).status_code == 409
    certificate = session.scalars(select(Certificate)).one()
    operator = operator_of(client)
    path = f"/operator/evidence/{certificate.public_id}"
    assert operator.post(f"{path}/refuse", {"reason": ""}).status_code == 422
    assert operator.post(f"{path}/refuse", {"reason": "The number is not in the register."}).status_code == 303
    assert operator.post(f"{path}/verify").status_code == 409
    farmer = Desk(client, world.farmer)
    assert "The number is not in the register." in farmer.get("/farm/listings/certificates/").text
    assert hand_in(farmer).status_code == 303
    assert sorted(session.scalars(select(Certificate.state))) == ["refused", "submitted"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": ""}, "Please give the number on the paper."),
        ({"kind": "gold"}, "Please choose what it is."),
        ({"valid_to": (TODAY - timedelta(days=31)).isoformat()}, "The last day comes after the first"),
        ({"valid_to": (TODAY - timedelta(days=1)).isoformat()}, "no longer valid"),
        ({"kind": "indication"}, "Please choose the protected name."),
        ({"paper": (io.BytesIO(b""), "")}, "Please add the paper"),
        ({"paper": (io.BytesIO(b"<html><script>alert(1)</script>"), "paper.pdf")}, "JPEG, PNG or WebP"),
        ({"paper": (io.BytesIO(PDF[:-6]), "paper.pdf")}, "Please choose a whole PDF file"),
        ({"lot": "23456789abcdef"}, "There is no such harvest."),
    ],
)
def test_a_certificate_that_cannot_be_right_is_refused_beside_its_field(
    farmer: Desk, session: Session, changes: dict[str, Any], words: str
) -> None:
    answer = hand_in(farmer, **changes)
    assert (answer.status_code // 100, words in answer.text) == (4, True)
    assert session.scalars(select(Certificate)).all() == []


def test_the_paper_of_a_certificate_is_its_producers_and_the_operators_alone(
    client: FlaskClient, farmer: Desk, world: World, session: Session
) -> None:
    hand_in(farmer, paper=(io.BytesIO(jpeg()), "paper.jpg"))
    certificate = session.scalars(select(Certificate)).one()
    path = f"/farm/listings/certificates/{certificate.public_id}/file"
    own = farmer.get(path)
    assert (own.status_code, own.mimetype, own.headers["Cache-Control"]) == (200, "image/webp", "private, max-age=3600")
    assert Desk(client, world.neighbour).get(path).status_code == 404
    # Not even by its name: only photos of goods are open to all.
    assert Desk(client, world.farmer).get(f"/pictures/{certificate.file_name}-1600.webp").status_code == 404


def test_a_protected_name_is_for_its_goods_from_inside_its_area_alone(
    client: FlaskClient, farmer: Desk, world: World, session: Session
) -> None:
    apples, other = world.listing(), world.listing(world.other_farm)
    operator = operator_of(client)
    name = {"name_zh": "卡拉苹果", "name_en": "Kala apples", "product": "apple", "area": POOR_VILLAGE}
    assert operator.post("/operator/evidence/indications", {**name, "area": "999999"}).status_code == 404
    assert operator.post("/operator/evidence/indications", {**name, "product": "gold"}).status_code == 422
    assert operator.post("/operator/evidence/indications", name).status_code == 303
    assert operator.post("/operator/evidence/indications", name).status_code == 409
    indication = session.scalars(select(Indication)).one()
    chosen = {"kind": "indication", "indication": indication.public_id}
    outside = hand_in(Desk(client, world.neighbour), **chosen)
    assert (outside.status_code, "Your village lies outside the area of Kala apples." in outside.text) == (422, True)
    assert hand_in(Desk(client, world.farmer), **chosen).status_code == 303
    certificate = session.scalars(select(Certificate)).one()
    operator_of(client).post(f"/operator/evidence/{certificate.public_id}/verify")
    assert "protected name of origin" in farmer.get(f"/p/{apples.public_id}").text
    assert "protected name of origin" not in farmer.get(f"/p/{other.public_id}").text
    # Of its holder's other goods the name says nothing.
    with transaction():
        indication.product_id = _another_kind()
    assert "protected name of origin" not in farmer.get(f"/p/{apples.public_id}").text


def _another_kind() -> int:
    return factories.product("plum", "李子", "Plum").id


def test_a_producer_of_other_goods_cannot_claim_a_protected_name(farmer: Desk, world: World, session: Session) -> None:
    world.listing()
    with transaction():
        _another_kind()
        enter_indication("丹寨李子", "Danzhai plums", "plum", COUNTY, actor="test", now=clock.now())
    indication = session.scalars(select(Indication)).one()
    answer = hand_in(farmer, kind="indication", indication=indication.public_id)
    assert (answer.status_code, "is a name for other goods than yours" in answer.text) == (422, True)


def test_a_producer_is_told_once_thirty_days_before_a_certificate_ends(
    farmer: Desk, world: World, session: Session, client: FlaskClient
) -> None:
    hand_in(farmer, number="A", valid_to=(TODAY + timedelta(days=30)).isoformat())
    hand_in(farmer, number="B", valid_to=(TODAY + timedelta(days=31)).isoformat(), paper=(io.BytesIO(PDF), "b.pdf"))
    hand_in(farmer, number="C", valid_to=(TODAY + timedelta(days=10)).isoformat(), paper=(io.BytesIO(PDF), "c.pdf"))
    operator = operator_of(client)
    for certificate in session.scalars(select(Certificate).where(Certificate.number != "C")):
        operator.post(f"/operator/evidence/{certificate.public_id}/verify")
    with transaction():
        world.farmer.login = "13800138000"
    now = int(clock.now().timestamp())
    for _ in range(2):
        tell_of_certificates.func(timestamp=now)
    (message,) = session.scalars(select(OutgoingMessage)).all()
    assert (message.channel, message.recipient, message.template) == ("sms", "13800138000", "certificate_ends")
    assert "编号 A" in message.body_text
    tell_of_certificates.func(timestamp=now + 86_400)
    bodies = [found.body_text for found in session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id))]
    assert ["编号 A" in bodies[0], "编号 B" in bodies[1], len(bodies)] == [True, True, 2]


def test_a_lot_of_a_draft_and_an_unknown_lot_have_no_page(client: FlaskClient, world: World, session: Session) -> None:
    listing = world.listing()
    lot = session.scalars(select(Lot).filter_by(listing_id=listing.id)).one()
    with transaction():
        listing.state = "draft"
    for name in (lot.public_id, "23456789abcdef"):
        assert Desk(client, None).get(f"/lots/{name}").status_code == 404


def test_an_order_of_a_harvest_to_come_waits_on_the_farms_page(client: FlaskClient, world: World, session: Session) -> None:
    listing = world.listing(quantity="1")
    with transaction():
        lot = session.scalars(select(Lot).filter_by(listing_id=listing.id)).one()
        lot.expected, lot.harvested_on = True, TODAY + timedelta(days=4)
    group = world.purchase(listing, "1", now=clock.now())
    world.pay(group)
    assert "Waiting for the harvest" in Desk(client, world.farmer).get("/farm/").text
    assert "Waiting for the harvest" in Desk(client, world.buyer).get(f"/orders/{group.public_id}").text
    order = group.orders[0]
    assert Desk(client, world.farmer).post(f"/farm/orders/{order.public_id}/ship").status_code == 409
