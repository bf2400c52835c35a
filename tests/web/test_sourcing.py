"""The purchasing desk and the farm's page of large orders, from a demand to goods on the scales, as people click through it."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.pictures import picture_path, read_picture, store_picture
from marketplace.sourcing import accepting, tendering
from marketplace.sourcing.accepting import Found
from marketplace.sourcing.clock import go_on
from marketplace.sourcing.models import AcceptanceRecord, Contract, ContractPart, Demand, PurchaseTarget, Quote
from marketplace.sourcing.ordering import place_delivery
from marketplace.sourcing.states import ContractState, DemandState, PartState, QuoteState
from marketplace.web.claim_words import private_folder
from marketplace.web.forgotten_files import forget_files
from tests.sourcing.world import HOUR, NOW, Canteen, Farm, contracted

TODAY = clock.local_day(clock.now())
DAY = timedelta(days=1)


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


@pytest.fixture
def farm(canteen: Canteen) -> Farm:
    return Farm()


def form(canteen: Canteen, **other: str) -> dict[str, str]:
    usual = {
        "goods": "p:potato",
        "place": canteen.place.public_id,
        "kg": "100",
        "ceiling": "5",
        "opens_on": (TODAY + 4 * DAY).isoformat(),
        "answer_by": (TODAY + 2 * DAY).isoformat(),
        "way": "quotes",
    }
    return usual | other


def test_a_demand_is_written_published_answered_talked_about_contracted_weighed_and_signed(
    canteen: Canteen, farm: Farm, as_: type
) -> None:
    owner = as_(canteen.owner_account)
    answer = owner.post("/buyer/demands/new", data=form(canteen))
    assert answer.status_code == 303
    demand = db.session.scalars(select(Demand)).one()
    assert (demand.state, demand.price_ceiling_fen_kg) == (DemandState.DRAFT, 500)
    owner.post(f"/buyer/demands/{demand.public_id}/publish")
    farmer = as_(farm.account)
    assert "100" in farmer.get("/farm/requests/").text
    offered = {"listing": farm.listing.public_id, "kg": "80", "price": "4.50"}
    assert farmer.post(f"/farm/requests/{demand.public_id}", data=offered).status_code == 303
    quote = db.session.scalars(select(Quote)).one()
    assert (quote.grams, quote.fen_kg) == (80_000, 450)
    owner = as_(canteen.owner_account)
    answer = owner.post(
        f"/buyer/demands/{demand.public_id}/quotes/{quote.public_id}/counter",
        data={"kg": "100", "price": "4", "words": "多要些"},
    )
    assert answer.status_code == 303
    farmer = as_(farm.account)
    assert "多要些" in farmer.get("/farm/requests/").text
    farmer.post(f"/farm/requests/quotes/{quote.public_id}/answer")
    owner = as_(canteen.owner_account)
    assert owner.post(f"/buyer/demands/{demand.public_id}/choose", data={"chosen": quote.public_id}).status_code == 303
    contract = db.session.scalars(select(Contract)).one()
    assert (contract.state, contract.total_fen) == (ContractState.IN_FORCE, 40_000)
    with transaction():
        place_delivery(contract.public_id, contract.deliveries[0].delivery_id, actor="test", now=clock.now())
    part = db.session.scalars(select(ContractPart)).one()
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(picture, "PNG")
    picture.seek(0)
    door = as_(canteen.receiver.account)
    assert door.get(f"/buyer/contracts/parts/{part.public_id}/weigh").status_code == 200
    found = {"weighed": "100", "accepted": "90", "refused": "10", "because": "烂了", "pictures": (picture, "a.png")}
    answer = door.post(f"/buyer/contracts/parts/{part.public_id}/weigh", data=found, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert [len(names) for names in db.session.scalars(select(AcceptanceRecord.pictures))] == [1]
    farmer = as_(farm.account)
    assert "烂了" in farmer.get("/farm/requests/").text
    farmer.post(f"/farm/requests/parts/{part.public_id}/agree")
    db.session.expire_all()
    assert (part.state, part.accepted_g) == (PartState.ACCEPTED, 90_000)
    page = as_(canteen.owner_account).get("/buyer/contracts/").text
    assert "¥360.00" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"kg": "0"},
        {"kg": "-5"},
        {"ceiling": "-1"},
        {"opens_on": (TODAY - 9 * DAY).isoformat()},
        {"answer_by": (TODAY + 20 * DAY).isoformat()},
        {"way": "auction"},
        {"place": "x"},
    ],
)
def test_a_form_that_cannot_be_meant_comes_back_as_it_was_filled_in(
    canteen: Canteen, farm: Farm, as_: type, wrong: dict[str, str]
) -> None:
    answer = as_(canteen.buyer.account).post("/buyer/demands/new", data=form(canteen, words="请装箱", **wrong))
    assert answer.status_code in (404, 422)
    assert "请装箱" in answer.text
    assert db.session.scalars(select(Demand)).all() == []


def test_a_receiver_reads_demands_and_makes_none(canteen: Canteen, farm: Farm, as_: type) -> None:
    door = as_(canteen.receiver.account)
    assert door.get("/buyer/demands/").status_code == 200
    assert door.post("/buyer/demands/new", data=form(canteen)).status_code == 403
    assert db.session.scalars(select(Demand)).all() == []


def test_an_enterprise_sees_nothing_of_another(canteen: Canteen, farm: Farm, as_: type) -> None:
    demand = canteen.demand()
    quote = farm.quotes(demand)
    other = as_(Canteen().owner_account)
    assert other.get(f"/buyer/demands/{demand.public_id}").status_code == 404
    assert other.post(f"/buyer/demands/{demand.public_id}/withdraw").status_code == 404
    assert other.post(f"/buyer/demands/{demand.public_id}/quotes/{quote}/decline").status_code == 404
    assert db.session.scalars(select(Quote.state)).all() == [QuoteState.OFFERED]


def test_the_owner_sets_people_places_names_and_the_reserved_part_of_a_budget(canteen: Canteen, as_: type) -> None:
    owner = as_(canteen.owner_account)
    member = canteen.buyer.public_id
    assert owner.post(f"/buyer/enterprise/members/{member}", data={"role": "buyer", "limit": "800"}).status_code == 303
    assert owner.post("/buyer/enterprise/name", data={"name": "二中", "invoice_title": "第二中学"}).status_code == 303
    assert owner.post("/buyer/target", data={"percent": "20", "budget": "100000"}).status_code == 303
    db.session.expire_all()
    assert (canteen.buyer.approval_limit_fen, canteen.owner.enterprise.invoice_title) == (80_000, "第二中学")
    target = db.session.scalars(select(PurchaseTarget)).one()
    assert (target.share_bp, target.budget_fen) == (2_000, 10_000_000)
    page = owner.get("/buyer/")
    assert page.status_code == 200
    paper = owner.get("/buyer/enterprise/certificate.pdf")
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")
    assert paper.data == owner.get("/buyer/enterprise/certificate.pdf").data
    assert (
        as_(canteen.buyer.account).post("/buyer/enterprise/name", data={"name": "x", "invoice_title": "y"}).status_code == 403
    )


def test_two_colleagues_open_a_tender_on_its_page(canteen: Canteen, farm: Farm, as_: type) -> None:
    demand = canteen.demand(way="tender")
    with transaction():
        given = (farm.producer, demand.public_id, farm.listing.public_id, 100_000, 431)
        tendering.bid(*given, actor="farm", now=NOW + HOUR)
    # Its time, in June, is over.
    before = as_(canteen.buyer.account).get(f"/buyer/demands/{demand.public_id}").text
    assert "4.31" not in before
    as_(canteen.buyer.account).post(f"/buyer/demands/{demand.public_id}/open")
    assert "4.31" not in as_(canteen.buyer.account).get(f"/buyer/demands/{demand.public_id}").text
    as_(canteen.approver.account).post(f"/buyer/demands/{demand.public_id}/open")
    assert "4.31" in as_(canteen.buyer.account).get(f"/buyer/demands/{demand.public_id}").text


def test_pictures_of_what_was_found_are_kept_and_others_forgotten(canteen: Canteen, farm: Farm, app: Flask) -> None:
    contract = contracted(canteen, farm)
    with transaction():
        place_delivery(contract.public_id, contract.deliveries[0].delivery_id, actor="test", now=NOW + 3 * HOUR)
    names = []
    for colour in ("green", "brown"):
        sent = io.BytesIO()
        Image.new("RGB", (40, 30), colour).save(sent, "PNG")
        names.append(store_picture(read_picture(sent.getvalue()), private_folder()))
    with transaction():
        found = Found(100_000, 100_000, pictures=names[:1])
        accepting.weigh(canteen.receiver, contract.parts[0].public_id, found, now=NOW + 4 * HOUR)
    forget_files.func(int((clock.now() + 9 * DAY).timestamp()))
    assert [picture_path(name, 320, private_folder()).is_file() for name in names] == [True, False]


def test_scales_that_are_open_when_the_clock_gives_the_part_up_say_so_and_lose_nothing(
    canteen: Canteen, farm: Farm, as_: type
) -> None:
    contract = contracted(canteen, farm)
    with transaction():
        place_delivery(contract.public_id, contract.deliveries[0].delivery_id, actor="test", now=NOW + 3 * HOUR)
    part = contract.parts[0].public_id
    door = as_(canteen.receiver.account)
    assert door.get(f"/buyer/contracts/parts/{part}/weigh").status_code == 200
    go_on(now=NOW + 40 * DAY)
    db.session.expire_all()
    assert contract.parts[0].state == PartState.FAILED
    answer = door.post(f"/buyer/contracts/parts/{part}/weigh", data={"weighed": "97.5", "accepted": "97.5"})
    assert answer.status_code == 409
    assert 'value="97.5"' in answer.text


@pytest.mark.parametrize(("phone", "status"), [("call me", 422), ("(0855) 123456", 303)])
def test_a_place_with_a_wrong_phone_comes_back_in_its_own_form_as_it_was_filled_in(
    canteen: Canteen, as_: type, phone: str, status: int
) -> None:
    place = canteen.place.public_id
    typed = {"place_name": "二食堂", "recipient": "李师傅", "phone": phone, "address": "北街 2 号"}
    answer = as_(canteen.owner_account).post(f"/buyer/enterprise/places/{place}", data=typed)
    assert answer.status_code == status
    if status == 422:
        page = answer.text
        assert f'id="f-address-{place}" name="address" value="北街 2 号"' in page
        assert f'href="#f-phone-{place}"' in page
        # The form that adds a place stays empty.
        assert page.count("北街 2 号") == 1
    db.session.expire_all()
    assert canteen.place.name == ("食堂" if status == 422 else "二食堂")
