"""Reading what people send: marshmallow schemas that refuse unknown fields and say what is wrong in the reader's language."""

from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, request
from flask_babel import gettext
from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate
from werkzeug.datastructures import MultiDict

from marketplace.kernel.errors import N_, Invalid

# Written by the form machinery itself, not by the person.
_OWN_FIELDS = {"csrf_token"}
# What marshmallow says where a field says nothing of its own, as the shop says it.
_KINDER = {
    "Missing data for required field.": N_("Please fill this in."),
    "Field may not be null.": N_("Please fill this in."),
    "Unknown field.": N_("Nothing of this name is taken here."),
    "Invalid value.": N_("This does not fit here."),
    "Invalid input type.": N_("This does not fit here."),
    "Not a valid string.": N_("Please give text."),
    "Not a valid utf-8 string.": N_("This text has characters that cannot be shown."),
    "Not a valid number.": N_("Please enter a number."),
    "Not a valid integer.": N_("Please enter a whole number."),
    "Number too large.": N_("This number is too large."),
    "Not a valid boolean.": N_("Please answer yes or no."),
    "Not a valid date.": N_("Please give a day, such as 2026-05-01."),
    "Not a valid list.": N_("Please give a list."),
    "Not a valid mapping type.": N_("This does not fit here."),
}


def spelled(pattern: str, error: str = N_("This is not written the way it should be.")) -> validate.Validator:
    """A check that the whole of a text matches ``pattern``, not only how it begins."""
    return validate.Regexp(rf"(?:{pattern})\Z", error=error)


class FormSchema(Schema):
    """A form. Unknown fields are refused, text is trimmed, an empty text counts as not given."""

    class Meta:
        """Refuse what the form does not have."""

        unknown = RAISE

    @pre_load
    def trim(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Trim text and drop what was left empty."""
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in data.items()}
        return {name: value for name, value in trimmed.items() if value != ""}


class Text(fields.String):
    """Text without control characters, which no database column or screen can show (line breaks and tabs may stay)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        # The last of them stands for bytes that were no UTF-8.
        if any((ord(character) < 32 and character not in "\n\r\t") or character in "\x7f\ufffd" for character in text):
            raise ValidationError(N_("This text has characters that cannot be shown."))
        return text


class Amount(fields.Field[Decimal]):
    """A decimal number as people type it, with a point or a comma for the fraction, not more than six figures behind it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        try:
            number = Decimal(str(value).strip().replace("，", ".").replace(",", "."))
        except InvalidOperation:
            raise ValidationError(N_("Please enter a number.")) from None
        exponent = number.as_tuple().exponent
        if not number.is_finite() or not isinstance(exponent, int) or exponent < -6 or abs(number) > 10**9:
            raise ValidationError(N_("Please enter a number."))
        return number


class Yuan(Amount):
    """An amount in yuan as people type it, answered in fen."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        fen = super()._deserialize(str(value).lstrip("¥￥"), attr, data, **kwargs) * 100
        if fen != fen.to_integral_value():
            raise ValidationError(N_("Please give an amount in yuan with at most two decimals."))
        return int(fen)


def read_form(schema: Schema, source: MultiDict[str, str] | None = None) -> dict[str, Any]:
    """The checked content of the request's form.

    Raises
    ------
    FormError
        With a message for each field that is wrong.
    """
    raw = (request.form if source is None else source).to_dict()
    try:
        loaded: dict[str, Any] = schema.load({name: value for name, value in raw.items() if name not in _OWN_FIELDS})
    except ValidationError as error:
        raise FormError({str(name): _first(messages) for name, messages in error.normalized_messages().items()}) from error
    return loaded


def ticked(*names: str) -> MultiDict[str, Any]:
    """The request's form, with all that was ticked under each of these names as one list."""
    given: MultiDict[str, Any] = MultiDict(request.form.to_dict())
    for name in names:
        given.setlist(name, [request.form.getlist(name)])
    return given


def _first(messages: Any) -> str:
    while isinstance(messages, (list, dict)):
        messages = next(iter(messages.values())) if isinstance(messages, dict) else messages[0]
    return said(str(messages))


def said(message: str) -> str:
    """What is wrong with a field, in the reader's language; marshmallow's own words are put into ours."""
    if message.startswith("Must be one of: "):
        message = N_("Please choose one of the values offered.")
    return str(gettext(_KINDER.get(message, message)))


class FormError(Invalid):
    """Fields of a form that are wrong, with a message for each in the reader's language (``fields``)."""

    def __init__(self, messages: dict[str, str]) -> None:
        super().__init__("form_invalid", N_("Please check what you entered."))
        self.fields = messages
        self.data = dict(messages)


def wire(app: Flask) -> None:
    """Refuse a form whose bytes are no UTF-8, before anybody guesses what was meant; to be wired before its first reader."""

    @app.before_request
    def refuse_broken_text() -> None:
        if request.mimetype == "application/x-www-form-urlencoded":
            try:
                unquote_to_bytes(request.get_data()).decode()
            except UnicodeDecodeError:
                raise Invalid("text_broken", N_("Some of the text could not be read. Please type it again.")) from None
