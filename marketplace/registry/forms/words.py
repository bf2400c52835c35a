"""The Chinese of a text, for forms that carry both languages with them to places without a line."""

from functools import lru_cache
from pathlib import Path

from babel.support import NullTranslations, Translations

from marketplace.registry.forms.questions import Words

_CATALOGUES = Path(__file__).resolve().parents[2] / "translations"


@lru_cache(maxsize=1)
def _chinese() -> NullTranslations:
    return Translations.load(str(_CATALOGUES), ["zh_Hans"])


def both(english: str) -> Words:
    """A text that is marked for translation, in both languages."""
    return Words(_chinese().gettext(english), english)
