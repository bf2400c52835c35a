"""How long a text message is, as networks count it. Pure.

A message in the small alphabet (GSM 03.38) holds 160 characters, one in UCS-2, which Chinese needs, 70. A longer one is
cut into parts that lose some room to the note which part they are: 153 and 67 characters. Each part is paid for, and some old
phones show parts as messages of their own.
"""

from collections.abc import Callable

_SMALL = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€\f")
_SHORTEST_NAME = 2


def parts(text: str) -> int:
    """How many parts a text is sent in.

    >>> parts("a" * 160), parts("a" * 161), parts("果" * 70), parts("果" * 71), parts("果" * 134), parts("果" * 135)
    (1, 2, 1, 2, 2, 3)
    """
    if all(character in _SMALL or character in _DOUBLE for character in text):
        length = len(text) + sum(character in _DOUBLE for character in text)
        single, each = 160, 153
    else:
        # A character beyond the basic plane takes the room of two.
        length = len(text.encode("utf-16-le")) // 2
        single, each = 70, 67
    return 1 if length <= single else -(-length // each)


def fitted(words: Callable[[str], str], name: str, most_parts: int) -> str:
    """A text around a name, with the name shortened as far as the text needs in order not to have more parts.

    >>> fitted(lambda name: name + "已上架" + "。" * 64, "高山红苹果", 1)[:6]
    '高山…已上架'
    """
    text = words(name)
    for length in range(len(name) - 1, _SHORTEST_NAME - 2, -1):
        if parts(text) <= most_parts:
            break
        text = words(name[:length].rstrip() + "…")
    return text
