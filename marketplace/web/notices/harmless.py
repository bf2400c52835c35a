"""What must not stand in a message that others may read over somebody's shoulder. Pure."""

import re

# A phone, an identity card, a bank account; also with spaces or hyphens between its groups.
_NUMBER = re.compile(r"\d(?:[ -]?\d){6,}[Xx]?")
_POOR = re.compile(
    r"建档立卡|贫困户|贫困|脱贫|监测户|低保户?|帮扶户|困难户|特困"
    r"|\bpoverty\b|\bpoor\b|\blow-income\b|\bregistered households?\b",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def harmless(text: str) -> str:
    """Somebody's words with every long number masked and every word of poverty left out.

    >>> harmless("红苹果 13800138000"), harmless("贫困户的蜂蜜")
    ('红苹果 138****8000', '的蜂蜜')
    >>> harmless("522636199001011234"), harmless("6222 0212 3456 7890 123")
    ('522****1234', '622****0123')
    """
    spaced = _CONTROL.sub(" ", text)
    return _POOR.sub("", _NUMBER.sub(lambda found: masked(found.group()), spaced)).strip()


def masked(number: str) -> str:
    """A long number that can be recognised and not used.

    >>> masked("+86 138 0013 8000")
    '861****8000'
    """
    digits = re.sub(r"[^0-9Xx]", "", number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 8 else "****"
