"""Ways to reach somebody outside are taken out of what people write, and what the trade needs stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.orders.contact_masking import mask_contacts

MASKED = [
    ("打我电话13800138000", "打我电话***"),
    ("138 0013 8000", "***"),
    ("138-0013-8000 找老王", "*** 找老王"),
    ("１３８００１３８０００", "***"),
    ("一三八零零一三八零零零", "***"),
    ("幺三八〇〇幺三八〇〇〇", "***"),
    ("壹叁捌零零壹叁捌零零零", "***"),
    ("①③⑧⓪⓪①③⑧⓪⓪⓪", "***"),
    ("+86 138 0013 8000", "***"),
    ("1.3.8.0.0.1.3.8.0.0.0", "***"),
    ("1​3​8​0​0​1​3​8​0​0​0", "***"),
    ("一3八0零1三8零0零 微聊", "*** 微聊"),
    ("座机0855-8231234", "座机***"),
    ("call 010-62345678 please", "call *** please"),
    ("400-800-1234", "***"),
    ("wang@example.com", "***"),
    ("写信到 wang.xiao@163.com 谢谢", "写信到 *** 谢谢"),
    ("wang (at) example (dot) com", "***"),
    ("wang艾特163点com", "***"),
    ("ｗａｎｇ＠１６３．ｃｏｍ", "***"),
    ("微信：xiaoman_88", "微信：***"),
    ("加微信 nongjia2026", "加微信 ***"),
    ("wx: laowang666 便宜", "wx: *** 便宜"),
    ("加V laowang666", "加V ***"),
    ("My WeChat is farmer_wang", "My WeChat is ***"),
    ("QQ 123456789", "QQ ***"),
    ("qq号：一二三四五六七", "qq号：***"),
    ("扣扣 88 66 55 44", "扣扣 ***"),
    ("看 https://shop.example.com/a?b=1 这里", "看 *** 这里"),
    ("www.taobao.com/x", "***"),
    ("去 weidian.com 买", "去 *** 买"),
    ("两个号 13800138000、13900139000", "两个号 ***、***"),
]
READABLE = [
    "苹果 13.8 元一斤，共 5 斤",
    "一共 138.00 元，还差 12.50 元",
    "这箱重 1500 克，少了 300 克",
    "批次 7HK2M9PQRSTVWX 是 2026-06-15 采的",
    "订单 NQ260615-7F3K9M 还没到",
    "6月15日下午3点到4点在家",
    "买了 12 盒，坏了 3 盒，要退 37.50 元",
    "运单号 SF1234567890123",
    "今年是二〇二六年，一九八〇年种的树",
    "一斤三两，一共十二个",
    "The box weighs 1.36 kg and cost 28.40 yuan.",
    "微信支付已经付了 40.00 元",
    "我用微信付的款",
    "Please send 2 boxes on 2026-06-20.",
    "地址是南街 1 号 3 单元 502 室",
    "产量 20000 斤，亩产 1800 斤",
    "海拔1300米，日照2000小时",
    "编号 522636100001 的村",
    "烂了一半，退一半吧",
    "price 3.00/jin, 20 jin in stock",
]


@pytest.mark.parametrize(("written", "kept"), MASKED)
def test_a_way_to_reach_somebody_is_taken_out(written: str, kept: str) -> None:
    assert mask_contacts(written) == kept


@pytest.mark.parametrize("written", READABLE)
def test_what_the_trade_needs_stays_readable(written: str) -> None:
    assert mask_contacts(written) == written


@given(st.text(alphabet="0123456789一三八零０１３８ .-元斤@微信qQwxcom：/", max_size=60))
def test_what_was_masked_holds_nothing_to_mask_and_is_no_longer(written: str) -> None:
    once = mask_contacts(written)
    assert mask_contacts(once) == once
    assert len(once) <= max(len(written), 3)
