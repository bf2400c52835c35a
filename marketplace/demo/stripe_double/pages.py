"""The pay page: what a buyer would see at the provider, in Chinese and English, with the ways in which it can go wrong."""

from html import escape
from typing import Any

_ZH = {
    "title": "付款",
    "note": "这是演示用的支付页面，不会收取真实的钱。",
    "to": "收款方",
    "card": "银行卡",
    "alipay": "支付宝",
    "wechat_pay": "微信支付",
    "how": "付款方式",
    "pay": "付款",
    "more": "试试别的情况",
    "decline": "让银行拒绝这次付款",
    "slow": "付款，但银行要过一会儿才答复",
    "twice": "连按两次付款",
    "back": "不付了，返回商店",
    "declined": "银行拒绝了这次付款，没有扣钱。请再试一次，或换一种方式。",
    "paid": "这笔钱已经付过了，不会再扣一次。",
    "expired": "这个支付页面已经关闭，不能再付款。",
    "waiting": "银行正在核对这笔付款。",
    "accept": "银行：同意",
    "refuse": "银行：拒绝",
    "shop": "返回商店",
}
_EN = {
    "title": "Payment",
    "note": "This is a stand-in for a payment page. No real money is taken.",
    "to": "To",
    "card": "Card",
    "alipay": "Alipay",
    "wechat_pay": "WeChat Pay",
    "how": "How to pay",
    "pay": "Pay",
    "more": "Try what else can happen",
    "decline": "Let the bank decline it",
    "slow": "Pay, but let the bank take its time",
    "twice": "Press Pay twice",
    "back": "Do not pay, back to the shop",
    "declined": "The bank declined this payment and took nothing. Please try again or choose another way.",
    "paid": "This has been paid already; it is not taken a second time.",
    "expired": "This payment page is closed. Nothing can be paid here any more.",
    "waiting": "The bank is checking this payment.",
    "accept": "Bank: say yes",
    "refuse": "Bank: say no",
    "shop": "Back to the shop",
}
_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;font:1.0625rem/1.6 system-ui,"PingFang SC","Microsoft YaHei","WenQuanYi Micro Hei",sans-serif;
background:#f3f4f1;color:#1f2721}
main{max-width:28rem;margin:0 auto;padding:1.5rem 1rem}
section{background:#fff;border:1px solid #d8dcd4;border-radius:.75rem;padding:1.25rem;display:grid;gap:1rem}
h1{font-size:1.125rem;margin:0}p{margin:0}.sum{font-size:2rem;font-weight:700}.soft{color:#545f57;font-size:.9375rem}
.note{background:#fff6dc;border:1px solid #e2c66f;border-radius:.5rem;padding:.75rem 1rem;margin-bottom:1rem}
.told{background:#fdeeea;border:1px solid #d98a74;border-radius:.5rem;padding:.75rem 1rem}
fieldset{border:0;margin:0;padding:0;display:grid;gap:.5rem}legend{padding:0;margin-bottom:.5rem;font-weight:600}
label{display:flex;align-items:center;gap:.75rem;min-height:2.75rem;padding:0 .875rem;
border:1px solid #b9c0b6;border-radius:.5rem}
input{width:1.25rem;height:1.25rem}form{display:grid;gap:.75rem}
button,a.button{display:flex;align-items:center;justify-content:center;min-height:2.75rem;width:100%;padding:.5rem 1rem;
border-radius:.5rem;border:1px solid #2f5d8a;background:#fff;color:#214a72;font:inherit;
text-align:center;text-decoration:none;cursor:pointer}
button.main{background:#2f5d8a;color:#fff;font-weight:600}
details[open]{display:grid}details button{margin-bottom:.75rem}
summary{min-height:2.75rem;display:flex;align-items:center;cursor:pointer}
"""


def pay_page(session: dict[str, Any], intent_state: str | None, *, chinese: bool, declined: bool) -> str:
    """The page of a session as it stands."""
    say = _ZH if chinese else _EN
    amount = f"¥{session['amount_total'] / 100:,.2f}"
    if session["status"] == "open":
        inside = _open(session, say, amount, declined)
    elif session["status"] == "expired":
        inside = _told(say["expired"]) + _link(session["cancel_url"] or session["success_url"], say["shop"])
    elif intent_state == "processing":
        buttons = "".join(f'<button name="act" value="{act}">{say[act]}</button>' for act in ("accept", "refuse"))
        inside = _told(say["waiting"]) + f'<form method="post">{buttons}</form>' + _link(session["success_url"], say["shop"])
    else:
        inside = _told(say["paid"]) + _link(session["success_url"], say["shop"])
    return (
        f'<!doctype html><html lang="{"zh-Hans" if chinese else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{say['title']} {amount}</title>"
        f'<style>{_STYLE}</style></head><body><main><p class="note">{say["note"]}</p>'
        f'<section><h1>{say["title"]}</h1><p class="sum">{amount}</p>'
        f'<p class="soft">{say["to"]}: {escape(session["_intent"]["description"] or "")}</p>'
        f"{inside}</section></main></body></html>"
    )


def _open(session: dict[str, Any], say: dict[str, str], amount: str, declined: bool) -> str:
    methods = "".join(
        f'<label><input type="radio" name="method" value="{method}"{" checked" if at == 0 else ""}>{say[method]}</label>'
        for at, method in enumerate(session["payment_method_types"])
    )
    others = "".join(f'<button name="act" value="{act}">{say[act]}</button>' for act in ("decline", "slow", "twice"))
    return (
        (_told(say["declined"]) if declined else "")
        + f'<form method="post"><fieldset><legend>{say["how"]}</legend>{methods}</fieldset>'
        f'<button class="main" name="act" value="pay">{say["pay"]} {amount}</button>'
        f"<details><summary>{say['more']}</summary>{others}</details></form>"
        + _link(session["cancel_url"] or session["success_url"], say["back"])
    )


def _told(text: str) -> str:
    return f'<p class="told" role="status">{text}</p>'


def _link(url: str, text: str) -> str:
    return f'<a class="button" href="{escape(url)}">{text}</a>'
