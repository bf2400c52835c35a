"""The demo's policy base, questions and alerts: the summaries that come with the program, one document made up for a county."""

from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.advisory.alerts import set_alert
from marketplace.advisory.article_lists import Draft
from marketplace.advisory.asking import answer_question, ask_person
from marketplace.advisory.documents import Heading, enter_document
from marketplace.advisory.models import Direction, Nature
from marketplace.advisory.shipped import add_shipped
from marketplace.catalogue.models import MarketPrice, Producer
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db

_COUNTY = "522636"
_MADE_UP = "为演示虚构，不是真实文件"


def add_advice(login: str, *, now: datetime) -> None:
    """A county's document, a question answered into an article, one that waits, and two alerts of one farm."""
    add_shipped(now=now)
    farmer = db.session.scalars(select(Account).filter_by(login=login)).one()
    area = db.session.scalars(select(Producer.area_code).filter_by(account_id=farmer.id)).one()
    officer = db.session.scalars(select(Account).filter_by(login="danzhai")).one()
    today = local_day(now)
    heading = Heading(
        nature=Nature.ORIGINAL,
        area_code=_COUNTY,
        issuer="丹寨县人民政府（演示）",
        title="丹寨县茶产业发展扶持办法（演示）",
        number="演示第 1 号",
        valid_from=today - timedelta(days=200),
        valid_until=today + timedelta(days=900),
        source=_MADE_UP,
    )
    articles = [
        Draft("新种茶园补助", "新种茶园验收合格的，每亩补助五百元，由村里登记，乡镇验收。"),
        Draft(
            "茶叶加工设备补助",
            "合作社购买制茶设备，按发票金额的三成补助，每社每年不超过五万元。",
            "Tea machines",
            "Three tenths.",
        ),
    ]
    enter_document(heading, articles, by=officer, now=now)
    asked = ask_person("合作社的社员想退股，要找谁办手续", area, by=farmer, now=now - timedelta(days=9))
    publish = Heading(
        nature=Nature.ANSWER,
        area_code=_COUNTY,
        issuer="丹寨县农业农村局（演示）",
        title="社员退股怎么办手续",
        number="",
        valid_from=today - timedelta(days=7),
        valid_until=today + timedelta(days=358),
        source=_MADE_UP,
    )
    words = "社员在年度结束三个月前向理事会书面提出，年终结算后三个月内退还出资。对金额有异议的，可以找乡镇农经站调解。"
    answer_question(asked, words, by=officer, now=now - timedelta(days=7), publish=publish)
    ask_person("去年冻坏的大棚薄膜，保险公司为什么不赔", area, by=farmer, now=now - timedelta(days=1))
    newest = select(MarketPrice.product_id, MarketPrice.average_fen).order_by(MarketPrice.day.desc(), MarketPrice.product_id)
    row = db.session.execute(newest.limit(1)).one()
    set_alert(row.product_id, Direction.UP_TO, row.average_fen * 6 // 5, by=farmer, now=now)
    set_alert(row.product_id, Direction.DOWN_TO, max(1, row.average_fen * 4 // 5), by=farmer, now=now)
