"""Values of the file as they are typed, imported or sent by a form, checked against the standard. Pure, no database."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.id_numbers import read_id_number
from marketplace.registry.standard import BY_NAME, About, Field, Kind

_YES_NO = {"yes": True, "true": True, "1": True, "是": True, "no": False, "false": False, "0": False, "否": False}


def read_value(field: Field, typed: Any) -> Any:
    """A value as the file keeps it, in JSON; None for what was left empty, which says that nobody knows.

    Raises
    ------
    Invalid
        ``value_invalid`` with the field's name. What was typed is not repeated: it may be somebody's.
    """
    if isinstance(typed, str):
        typed = typed.strip()
    if typed is None or typed == "" or typed == []:
        return None
    try:
        return _READERS[field.kind](field, typed)
    except (ValueError, TypeError, AttributeError, InvalidOperation, OverflowError):
        raise Invalid("value_invalid", N_("This value is not possible here."), field=field.name) from None


def read_values(typed: Mapping[str, Any], about: Iterable[About]) -> dict[str, Any]:
    """Every value that is given, read; a name that the standard does not have there is refused.

    Raises
    ------
    Invalid
        ``values_invalid``; ``fields`` in its data maps each name at fault to a sentence.
    """
    allowed, read, faults = set(about), {}, {}
    for name, value in typed.items():
        field = BY_NAME.get(name)
        if field is None or field.about not in allowed:
            faults[name] = N_("The standard has no such field here.")
            continue
        try:
            read[name] = read_value(field, value)
        except Invalid as error:
            faults[name] = error.message if error.code != "value_invalid" else N_("This value is not possible here.")
    if faults:
        raise Invalid("values_invalid", N_("Some values are not possible."), fields=faults)
    return read


def _text(field: Field, typed: Any) -> str:
    if not isinstance(typed, str) or len(typed) > field.most or any(ord(char) < 32 and char != "\n" for char in typed):
        raise ValueError
    typed.encode()
    return typed


def _choice(field: Field, typed: Any) -> str:
    if typed not in {value for value, _ in field.choices}:
        raise ValueError
    return str(typed)


def _choices(field: Field, typed: Any) -> list[str]:
    # A form sends several choices as words apart by spaces.
    chosen = typed.split() if isinstance(typed, str) else list(typed)
    wanted = {_choice(field, each) for each in chosen}
    if len(wanted) > field.most:
        raise ValueError
    return [value for value, _ in field.choices if value in wanted]


def _decimal(field: Field, typed: Any) -> Decimal:
    if isinstance(typed, bool) or not isinstance(typed, str | int | float | Decimal):
        raise TypeError
    number = Decimal(str(typed))
    if not number.is_finite() or not field.lowest <= number <= field.highest:
        raise ValueError
    return number


def _decimal_text(field: Field, typed: Any) -> str:
    number = _decimal(field, typed)
    if number != round(number, 3):
        raise ValueError
    return format(number.normalize(), "f")


def _whole(field: Field, typed: Any) -> int:
    number = _decimal(field, typed)
    if number != int(number):
        raise ValueError
    return int(number)


def _yes_no(field: Field, typed: Any) -> bool:
    if isinstance(typed, bool):
        return typed
    if str(typed).lower() not in _YES_NO:
        raise ValueError
    return _YES_NO[str(typed).lower()]


def _day(field: Field, typed: Any) -> str:
    day = typed if isinstance(typed, date) else date.fromisoformat(typed)
    if not date(1880, 1, 1) <= day <= date(2100, 12, 31):
        raise ValueError
    return date(day.year, day.month, day.day).isoformat()


def _id_number(field: Field, typed: Any) -> str:
    return read_id_number(typed).text


def _phone(field: Field, typed: Any) -> str:
    digits = "".join(char for char in typed if char not in " -")
    plain = digits.removeprefix("+86")
    if not (plain.isascii() and plain.isdigit() and 7 <= len(plain) <= 12):
        raise ValueError
    return plain


_READERS = {
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.WHOLE: _whole,
    Kind.DECIMAL: _decimal_text,
    Kind.FEN: _whole,
    Kind.YES_NO: _yes_no,
    Kind.DAY: _day,
    Kind.ID_NUMBER: _id_number,
    Kind.PHONE: _phone,
}
