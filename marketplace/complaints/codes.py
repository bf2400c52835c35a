"""Follow-up codes: random, given once, kept as a digest that nobody can read back."""

import hashlib

from marketplace.kernel import ids

# Sixteen letters and figures of thirty: 78 bits, which nobody guesses, in groups that can be read out on the phone.
_LENGTH, _GROUP = 16, 4


def new_code() -> str:
    """A new code as it is shown: ``k7mp-2xqw-...``."""
    text = (ids.public_id() + ids.public_id())[:_LENGTH]
    return "-".join(text[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def digest_of(code: str) -> bytes:
    """The digest under which a code is kept; capitals, spaces and strokes make no difference.

    >>> digest_of("K7MP 2xqw") == digest_of("k7mp-2xqw")
    True
    """
    return hashlib.sha256("".join(code.replace("-", "").split()).lower().encode()).digest()
