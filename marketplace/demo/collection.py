"""The province's form, and what a village officer has sent by it: mostly good work, with something of each kind to look at."""

import io
import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import DomainError
from marketplace.registry.forms.processing import note_failure, process
from marketplace.registry.forms.publishing import prepare_standard, publish
from marketplace.registry.forms.receiving import receive
from marketplace.registry.forms.revisits import draw_week, week_of
from marketplace.registry.models import AreaPlace, FormVersion, Household, VisitCause
from marketplace.registry.visits import order_visit

PROVINCE, COLLECTOR = "guizhou", "village"
SENT = 9
# Where the demo's village is put; no real one is meant.
_LATITUDE, _LONGITUDE, _RADIUS_M = 26.1980, 107.7960, 2500
_ANSWERS: tuple[dict[str, Any], ...] = (
    {"kind": "general_poor", "main_cause": "illness", "dwelling_grade": "b", "water_source": "spring", "water_minutes": 20},
    {"kind": "dibao", "main_cause": "disability", "dwelling_grade": "c", "water_source": "well", "fuel": "wood"},
    {"kind": "general_poor", "main_cause": "schooling", "dwelling_grade": "a", "water_source": "tap", "fuel": "power"},
)


def add_collection(data_dir: Path, *, now: datetime) -> None:
    """Publish the standard and send forms as a phone would have, in the open transaction."""
    officer, collector = find_account_by_login(PROVINCE), find_account_by_login(COLLECTOR)
    if officer is None or collector is None:
        raise RuntimeError("the demo's officers come before its forms")
    village = next(role.scope_code for role in collector.roles if role.scope_code)
    began_at = now - timedelta(days=60)
    form = publish(prepare_standard("52", began_at), by=officer, begins_on=local_day(began_at), now=began_at)
    place = AreaPlace(area_code=village, latitude=_LATITUDE, longitude=_LONGITUDE, radius_m=_RADIUS_M, source="演示 / demo")
    db.session.add(place)
    query = select(Household).where(Household.village_code == village).order_by(Household.code).limit(SENT)
    last_week = day_start(week_of(local_day(now)) - timedelta(days=7)) + timedelta(hours=10)
    households = db.session.scalars(query).all()
    for at, household in enumerate(households):
        _send(at, household, form, collector, last_week + timedelta(days=at // 3, hours=at % 3), data_dir / "households")
    draw_week(week_of(local_day(last_week)), now=now)
    today = local_day(now)
    order_visit(households[0], VisitCause.COLLECTION, due_on=today - timedelta(days=2), now=now - timedelta(days=20))
    order_visit(households[1], VisitCause.COLLECTION, due_on=today + timedelta(days=5), now=now - timedelta(days=2))


def _send(at: int, household: Household, form: FormVersion, by: Account, ended_at: datetime, folder: Path) -> None:
    """One form; the fourth is too fast, the fifth far away, the sixth at night, the seventh wrong, the eighth's photo old."""
    minutes, answers = 24 + at, dict(_ANSWERS[at % len(_ANSWERS)])
    latitude = _LATITUDE + at * 0.0008
    if at == 3:
        minutes = 0
    elif at == 4:
        latitude += 0.2
    elif at == 5:
        ended_at = day_start(local_day(ended_at)) + timedelta(hours=23, minutes=10)
    elif at == 6:
        answers["water_litres"] = 5000
    answers |= {
        "household": household.public_id,
        "seen": 0,
        "saw_house": "yes",
        "place": f"{latitude:.5f} {_LONGITUDE:.5f} 812 6",
        "has_power": "yes",
        "food_enough": "yes",
        "clothing_enough": "no" if at % 4 == 1 else "yes",
        "arable_mu": f"{1.5 + at % 5}",
        "income_wages_yuan": str(3000 + 850 * at),
        "photo_house": "house.jpg",
    }
    body = {
        "instance_id": f"uuid:{uuid.uuid5(uuid.NAMESPACE_OID, household.code)}",
        "form_id": form.form_id,
        "version": form.version,
        "began_at": (ended_at - timedelta(minutes=minutes, seconds=15)).isoformat(),
        "ended_at": ended_at.isoformat(),
        "answers": answers,
    }
    received_at = ended_at + timedelta(minutes=4)
    raw, media = json.dumps(body, ensure_ascii=False).encode(), {"house.jpg": _house(1 if at == 7 else at)}
    kept = receive(raw, "json", media, by=by, channel="web", now=received_at)
    try:
        process(kept.id, folder, now=received_at)
    except DomainError as error:
        note_failure(kept.id, error)


def _house(number: int) -> bytes:
    """A drawn house, a different one for each number."""
    image = Image.new("RGB", (640, 480), (150 + number * 9, 190, 220))
    pen = ImageDraw.Draw(image)
    left, top = 60 + number * 47 % 260, 140 + number * 61 % 160
    pen.rectangle((0, 380 - number * 13 % 90, 640, 480), fill=(90, 130 - number * 5, 70))
    pen.rectangle((left, top, left + 230, 420), fill=(200, 180 - number * 12, 140))
    pen.polygon([(left - 30, top), (left + 115, top - 90), (left + 260, top)], fill=(110, 70, 50 + number * 11))
    door = left + 30 + number * 37 % 120
    pen.rectangle((door, 330, door + 55, 420), fill=(60, 40, 30))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()
