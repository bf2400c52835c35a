"""Ways to reach somebody outside the market, taken out of what people write. Pure.

Goods sold past the market have neither claim nor refund, and a number left in a message can be read by whoever comes later.
What is taken out is not kept anywhere. Prices, weights, days, lot numbers and order references stay readable.
"""

import re
import unicodedata

MASK = "***"

_NUMERALS = "零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_DIGIT = rf"[0-9{_NUMERALS}]"
# What people put between the digits of a number, so that no machine may read it.
_GAP = r"[\s\-‐-―_.·,，、。*＊/()（）]{0,3}"
# What ends the name of a site, in the kinds that shops and chats use.
_ENDINGS = "com|cn|net|org|top|xyz|vip|shop|cc|me|io|link|site|club|info|app|tv"

# A mobile number has eleven digits and begins with 13 to 19; with the country before it or not.
_MOBILE = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?:\+|00)?{_GAP}8{_GAP}6{_GAP})?[1一幺壹]{_GAP}[3-9三四五六七八九叁肆伍陆柒捌玖]"
    rf"(?:{_GAP}{_DIGIT}){{9}}(?![0-9])"
)
# A line at a desk: area code, a sign between, seven or eight digits.
_LANDLINE = re.compile(r"(?<![0-9A-Za-z.])0[1-9][0-9]{1,2}[\s\-‐-―]{1,3}[2-9][0-9]{2,3}[\s\-]?[0-9]{4}(?![0-9])")
_SERVICE_LINE = re.compile(r"(?<![0-9])[48]00[\s\-‐-―]{0,2}[0-9]{3,4}[\s\-‐-―]{0,2}[0-9]{3,4}(?![0-9])")
_AT = r"\s{0,2}(?:@|\(at\)|\[at\]|#at#|艾特)\s{0,2}"
_DOT = r"\s{0,2}(?:\.|点|\(dot\)|\[dot\])\s{0,2}"
_EMAIL = re.compile(rf"[A-Za-z0-9._%+\-]+{_AT}[A-Za-z0-9\-]+(?:{_DOT}[A-Za-z]{{2,}})+", re.I)
_URL = re.compile(
    r"(?:https?://|www\.)[^\s，。、；！？]+"
    rf"|(?<![A-Za-z0-9.@])(?:[A-Za-z0-9\-]+\.)+(?:{_ENDINGS})(?![A-Za-z])(?:/[^\s，。、；！？]*)?",
    re.I,
)
# The names of other services, and what stands behind one as an address there.
_SERVICE = (
    r"微\s*信\s*号?|薇\s*信|威\s*信|加\s*v(?![a-z])|\bwe\s*chat\b|\bweixin\b|(?<![a-z])[vw]x(?![a-z])|扣\s*扣|企\s*鹅"
    r"|qq\s*号?|抖\s*音\s*号?|快\s*手\s*号|\btelegram\b|\bwhats\s*app\b|\bskype\b|\bline\s*id\b|钉\s*钉\s*号?"
)
_ADDRESS = re.compile(
    rf"(?:{_SERVICE})(?:[\s:：是为=号]|\bis\b|\bid\b){{0,6}}"
    rf"(?P<address>[a-z][a-z0-9_\-]{{4,24}}(?![a-z])|(?:{_DIGIT}{_GAP}){{5,12}})",
    re.I,
)


def _narrow(text: str) -> str:
    """The same text with full-width letters and figures narrow, character for character; circled ones as well."""
    out = []
    for character in text:
        narrow = unicodedata.normalize("NFKC", character)
        out.append(narrow if len(narrow) == 1 else character)
    return "".join(out)


def mask_contacts(text: str) -> str:
    """The text with every way to reach somebody outside replaced by ``***``.

    >>> mask_contacts("打我电话 138 0013 8000，苹果 13.8 元一斤")
    '打我电话 ***，苹果 13.8 元一斤'
    """
    # What cannot be seen would only hide digits from us.
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = visible if len(visible) != len(text) else text
    spans = sorted(_spans(_narrow(text)))
    out, end = [], 0
    for start, stop in spans:
        if stop <= end:
            continue
        if start >= end:
            out.append(text[end:start])
            out.append(MASK)
        end = stop
    out.append(text[end:])
    return "".join(out)


def _spans(narrow: str) -> list[tuple[int, int]]:
    whole = (_MOBILE, _LANDLINE, _SERVICE_LINE, _EMAIL, _URL)
    found = [match.span() for pattern in whole for match in pattern.finditer(narrow)]
    found += [match.span("address") for match in _ADDRESS.finditer(narrow)]
    # What stands behind a number, such as the space before the next word, is no part of it.
    return [(start, start + len(narrow[start:stop].rstrip(" ,.，。、"))) for start, stop in found]
