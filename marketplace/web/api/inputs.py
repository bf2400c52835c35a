"""Reading what programs send: strict JSON, strict queries, and fields that say what they take.

A value has one type and one spelling: a number in quotes is no number, a repeated query parameter is no parameter. What is
wrong is answered with a message for each place, named as ``destination.phone`` is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

import flask
import marshmallow as ma
from flask_babel import gettext
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from marketplace.kernel.errors import N_, Invalid
from marketplace.web.forms import said

_PUBLIC_ID = re.compile(r"[a-z0-9]{14}")
_QUANTITY = re.compile(r"0\.[1-9]|[1-9][0-9]{0,3}(?:\.[0-9])?")
COUNTY = re.compile(r"[0-9]{6}")
# Of every level: 2, 4, 6, 9 or 12 digits.
AREA = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}")
REFERENCE = re.compile(r"[A-Za-z0-9-]{1,24}")
# Narrower than what mail allows, and what people have.
EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,1}\.[A-Za-z]{2,24}")
TAX_NUMBER = re.compile(r"[0-9A-Za-z]{15}|[0-9A-Za-z]{18}|[0-9A-Za-z]{20}")
CARRIER = re.compile(r"[a-z0-9-]{2,20}")
NUMBER = re.compile(r"[A-Za-z0-9-]{6,40}")
WAY = re.compile(r"[a-z0-9]{14}(?:-[a-z0-9]{14})?")
SLUG = re.compile(r"[a-z0-9-]{1,40}")
PHONE = re.compile(r"\+?[0-9][0-9 -]{4,18}")
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,128}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
# No total comes near it, and every JSON reader takes it for a whole number.
LARGEST_FEN = 10**15


class InputError(Invalid):
    """Parts of a request that are wrong; ``data`` has a message in the reader's language for each."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        super().__init__("input_invalid", N_("Please check what you entered."))
        self.data = dict(messages)


class InputSchema(Schema):
    """Something a program sends. What the schema does not have is refused."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE


class Line(fields.String):
    """A line of text without control characters, trimmed and not empty."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        pattern = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
        documented = {"minLength": 1, "maxLength": most, "pattern": pattern, **kwargs.pop("metadata", {})}
        super().__init__(metadata=documented, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = _clean(super()._deserialize(value, attr, data, **kwargs), self.most).strip()
        if not text:
            raise ValidationError(N_("Please write something here."))
        return text


class SearchText(fields.String):
    """What somebody searches for: may be empty, has no control characters."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        documented = {"maxLength": most, "pattern": r"^[^\x00-\x1f\x7f]*$", **kwargs.pop("metadata", {})}
        super().__init__(metadata=documented, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return _clean(super()._deserialize(value, attr, data, **kwargs), self.most)


class Prose(fields.String):
    """Text of one or more lines, trimmed and, unless ``may_be_empty``, not empty."""

    def __init__(self, most: int, *, may_be_empty: bool = False, **kwargs: Any) -> None:
        self.most, self.may_be_empty = most, may_be_empty
        good = r"[^\x00-\x09\x0b-\x1f\x7f]"
        documented = {"maxLength": most, "pattern": rf"^{good}*$"}
        if not may_be_empty:
            documented |= {"minLength": 1, "pattern": rf"^{good}*[^\s\x00-\x1f\x7f]{good}*$"}
        super().__init__(metadata=documented, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = _clean(super()._deserialize(value, attr, data, **kwargs), self.most, but="\n").strip()
        if not text and not self.may_be_empty:
            raise ValidationError(N_("Please write something here."))
        return text


class Secret(fields.String):
    """A password: any text that can be written in UTF-8, as it stands."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(metadata={"minLength": 1, "maxLength": most, "format": "password"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not 1 <= len(text) <= self.most or _has_surrogates(text):
            raise ValidationError(N_("This is empty, too long or not text."))
        return text


class Spelled(fields.String):
    """Text of one fixed spelling, given as a pattern that the whole of it matches."""

    def __init__(self, pattern: re.Pattern[str], *, most: int, **kwargs: Any) -> None:
        self.pattern, self.most = pattern, most
        # In brackets, because alternatives would else be open at one end each.
        documented = {"pattern": f"^(?:{pattern.pattern})$", "maxLength": most, **kwargs.pop("metadata", {})}
        super().__init__(metadata=documented, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > self.most or not self.pattern.fullmatch(text):
            raise ValidationError(N_("This is not written the way it should be."))
        return text


class PublicIdField(Spelled):
    """The public id of something."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(_PUBLIC_ID, most=14, **kwargs)


class QuantityField(Spelled):
    """A quantity as text, 0.1 to 9999.9, so that no float comes near it: ``"1.5"``."""

    def __init__(self, **kwargs: Any) -> None:
        example = {"example": "1.5", "description": "In the listing's unit: whole pieces, tenths of a weight."}
        super().__init__(_QUANTITY, most=6, metadata=example, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return Decimal(super()._deserialize(value, attr, data, **kwargs))


class YesNoField(fields.Boolean):
    """``true`` or ``false`` and nothing that could be read as one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(N_("Please answer yes or no."))
        return value


class WholeField(fields.Integer):
    """A whole JSON number (which may be written ``100.0``), nothing that could be read as one."""

    wrong = N_("Please enter a whole number.")

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(metadata={"minimum": least, "maximum": most, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        if not number or not self.least <= value <= self.most or value != int(value):
            raise ValidationError(self.wrong)
        return int(value)


class FenField(WholeField):
    """An amount in fen."""

    wrong = N_("Please give a whole number of fen.")

    def __init__(self, *, least: int = 0, **kwargs: Any) -> None:
        super().__init__(least, LARGEST_FEN, **kwargs)


class QueryDay(fields.Date):
    """A day of the market, ``2026-05-01``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValidationError(N_("Please give a day, such as 2026-05-01."))
        return super()._deserialize(value, attr, data, **kwargs)


class ShareField(fields.Float):
    """A part of one, as a JSON number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"minimum": 0, "maximum": 1}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if not isinstance(value, (int, Decimal)) or isinstance(value, bool) or not 0 <= value <= 1:
            raise ValidationError(N_("Please give a share from 0 to 1."))
        return float(value)


class QueryNumber(fields.Integer):
    """A whole number in a query, in plain digits."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        documented = {"minimum": least, "maximum": most, **kwargs.pop("metadata", {})}
        super().__init__(metadata=documented, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _WHOLE.fullmatch(value) or not self.least <= int(value) <= self.most:
            raise ValidationError(gettext("Please give a whole number from %(least)s to %(most)s.", **self._bounds()))
        return int(value)

    def _bounds(self) -> dict[str, int]:
        return {"least": self.least, "most": self.most}


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _clean(text: str, most: int, *, but: str = "") -> str:
    """The text, if it is no longer than ``most`` and has no control characters ``but`` these."""
    # The length first: the other looks then take no longer than they are worth.
    if len(text) > most:
        raise ValidationError(N_("This is too long."))
    controls = any((ord(character) < 32 and character not in but) or character == "\x7f" for character in text)
    if controls or _has_surrogates(text):
        raise ValidationError(N_("This text has characters that cannot be shown."))
    return text


class InputParser(FlaskParser):
    """The parser of every request under /api."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": RAISE}

    def load_json(self, req: flask.Request, schema: Schema) -> Any:
        """The request's body, which must be JSON in UTF-8 and say that it is."""
        if req.mimetype != "application/json":
            raise UnsupportedMediaType()
        return read_json(req.get_data())

    def load_querystring(self, req: flask.Request, schema: Schema) -> Any:
        """The query; a parameter given twice says two things and is refused."""
        repeated = [name for name, values in req.args.lists() if len(values) > 1]
        if repeated:
            raise ValidationError({name: [N_("Please give this once.")] for name in repeated})
        return req.args.to_dict()

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Say what was wrong, place by place."""
        messages: Any = error.messages
        found = dict(_flat("", next(iter(messages.values()))))
        raise InputError(found) from error


def read_json(raw: bytes) -> Any:
    """What a body says, or ``BadRequest`` when it is no JSON: broken UTF-8, NaN, numbers or nesting without end."""
    try:
        return json.loads(
            raw.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    # A number of thousands of digits and nesting of thousands of levels fail in their own ways.
    except (ValueError, ArithmeticError, RecursionError):
        raise BadRequest() from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _flat(path: str, messages: Any) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            # Names come from outside; what cannot be shown is not given back.
            shown = str(name).encode("ascii", "backslashreplace").decode()[:60]
            yield from _flat(f"{path}.{shown}" if path else shown, inner)
    else:
        first = messages[0] if isinstance(messages, list) else messages
        yield path, said(str(first))
