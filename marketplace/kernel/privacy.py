"""Columns that only this installation can read: numbers of bank accounts and the like.

A value is sealed with AES-256-GCM (NIST SP 800-38D): a byte for the form, four for the key's number, twelve random ones, then
the ciphertext with its tag. The name of the table and column is authenticated with it, so that a value moved to another column
does not open. New values are sealed with the newest key and old ones opened with theirs, so keys can be changed by adding one.
A record with many sealed values has a key of its own, kept beside it and *wrapped* (sealed) by the installation's key: its
values are sealed with the record's key and authenticated with table, column and the record's id, so none can change records.
A *blind index* is a keyed digest (HMAC-SHA-256, RFC 2104): equal values have equal digests, and whoever lacks the key cannot
try out numbers until one fits.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from marketplace.kernel.files import make_once

FILE = "privacy_keys"
# The first byte of what is kept says what it is, so that one is never taken for the other.
_FORM, _WRAPPED, _IN_RECORD = 1, 2, 3
_RECORD_KEY = "record key"
# The execution option of a statement that reads sealed bytes and keys alone: a change of keys reads every file and opens none.
SEALED_BYTES_ONLY = "sealed_bytes_only"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_LINE = re.compile(r"(index|[1-9][0-9]{0,8}):([0-9a-f]{64})")


class PrivacyError(RuntimeError):
    """Something sealed cannot be opened, or there is no key to seal it with."""


@dataclass(frozen=True)
class Keys:
    """Keys by number, of 32 bytes each, and the one of the blind indexes, which is never changed."""

    sealing: Mapping[int, bytes]
    index: bytes

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """Read ``index:<64 hex digits>`` and ``<number>:<64 hex digits>``, apart by commas or lines.

        Raises
        ------
        PrivacyError
            When one is written otherwise, or the index's or every other is missing.
        """
        found: dict[str, bytes] = {}
        for word in text.replace(",", "\n").split():
            match = _LINE.fullmatch(word)
            if match is None or match[1] in found:
                raise PrivacyError("a privacy key is written number:64 hex digits, each number once")
            found[match[1]] = bytes.fromhex(match[2])
        index = found.pop("index", None)
        if index is None or not found:
            raise PrivacyError("privacy keys are one named index and at least one with a number")
        return cls({int(name): key for name, key in found.items()}, index)


class _InUse:
    """The keys of this process."""

    keys: Keys | None = None


def use_keys(keys: Keys | None) -> None:
    """Say which keys this process seals and opens with."""
    _InUse.keys = keys


def _keys() -> Keys:
    if _InUse.keys is None:
        raise PrivacyError("no privacy keys are in use")
    return _InUse.keys


def own_keys(folder: Path) -> Keys:
    """The installation's own keys, made once and kept where only their owner reads them. Without that file the data is lost."""
    made = f"index:{secrets.token_hex(32)}\n1:{secrets.token_hex(32)}\n"
    return Keys.parse(make_once(folder / FILE, made))


def seal(text: str, place: str) -> bytes:
    """Seal text for the ``table.column`` it is kept in, with the newest key."""
    return _seal_with_newest(_FORM, text.encode(), place)


def open_sealed(sealed: bytes, place: str) -> str:
    """Open what ``seal`` has sealed for that place.

    Raises
    ------
    PrivacyError
        When its key is not there, or it is not what was sealed for that place.
    """
    return _open_with_its_key(_FORM, sealed, place).decode()


def reseal(sealed: bytes, place: str) -> bytes:
    """The same text sealed with the newest key; what is sealed with it already is returned as it is."""
    return sealed if key_number(sealed) == newest_key_number() else seal(open_sealed(sealed, place), place)


def key_for_file(salt: bytes, number: int) -> bytes:
    """The key of 32 bytes of one sealed file, made from the installation's key of that number and the file's own salt (HKDF).

    Raises
    ------
    PrivacyError
        When that key is not among the privacy keys.
    """
    if number not in _keys().sealing:
        raise PrivacyError(f"a file was sealed with key {number}, which is not among the privacy keys")
    return HKDF(SHA256(), 32, salt, b"nongqiao sealed file").derive(_keys().sealing[number])


def new_record_key() -> bytes:
    """A random key of 32 bytes for one record, wrapped by the newest key: the form in which it is kept beside the record.

    Every value of the record is sealed with it, so a new key of the installation has only this one to wrap again, and a record
    whose wrapped key is deleted can be read by nobody, not even from a copy of its values.
    """
    return _wrap(AESGCM.generate_key(256))


def seal_in_record(wrapped: bytes, plain: str, place: str) -> bytes:
    """Seal text with a record's key for its ``place``: ``table.column`` and the record's own id, as ``household.name:42``.

    The result is a byte for the form, twelve random ones, then the ciphertext with its tag.
    """
    head = bytes([_IN_RECORD])
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return head + nonce + AESGCM(_unwrap(wrapped)).encrypt(nonce, plain.encode(), head + place.encode())


def open_in_record(wrapped: bytes, sealed: bytes, place: str) -> str:
    """Open what ``seal_in_record`` has sealed with that record's key for that place.

    Raises
    ------
    PrivacyError
        When the wrapped key cannot be opened, or the value is not what was sealed with it for that place.
    """
    head, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if head != bytes([_IN_RECORD]) or len(rest) < _TAG_BYTES:
        raise PrivacyError(f"{place} holds something that was not sealed in a record")
    try:
        return AESGCM(_unwrap(wrapped)).decrypt(nonce, rest, head + place.encode()).decode()
    except InvalidTag:
        raise PrivacyError(f"{place} is not what was sealed for it with its record's key") from None


def rewrap(wrapped: bytes) -> bytes:
    """The same record's key wrapped by the newest key; what is wrapped by it already is returned as it is."""
    return wrapped if key_number(wrapped) == newest_key_number() else _wrap(_unwrap(wrapped))


def newest_key_number() -> int:
    """The number of the key that new values are sealed with."""
    return max(_keys().sealing)


def _wrap(record_key: bytes) -> bytes:
    return _seal_with_newest(_WRAPPED, record_key, _RECORD_KEY)


def _unwrap(wrapped: bytes) -> bytes:
    return _open_with_its_key(_WRAPPED, wrapped, _RECORD_KEY)


def _seal_with_newest(form: int, plain: bytes, place: str) -> bytes:
    number, key = max(_keys().sealing.items())
    head = bytes([form]) + number.to_bytes(4, "big")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head + place.encode())


def _open_with_its_key(form: int, sealed: bytes, place: str) -> bytes:
    head, nonce, rest = sealed[:5], sealed[5 : 5 + _NONCE_BYTES], sealed[5 + _NONCE_BYTES :]
    if head[:1] != bytes([form]) or len(rest) < _TAG_BYTES:
        raise PrivacyError(f"{place} holds something that was not sealed here")
    number = key_number(sealed)
    if number not in _keys().sealing:
        raise PrivacyError(f"{place} was sealed with key {number}, which is not among the privacy keys")
    try:
        return AESGCM(_keys().sealing[number]).decrypt(nonce, rest, head + place.encode())
    except InvalidTag:
        raise PrivacyError(f"{place} is not what was sealed for it with key {number}") from None


def key_number(sealed: bytes) -> int:
    """The number of the installation's key that a value was sealed, or a record's key wrapped, with."""
    return int.from_bytes(sealed[1:5], "big")


def blind_index(text: str, purpose: str) -> bytes:
    """A digest by which equal values of one purpose are found without opening any."""
    return hmac.new(_keys().index, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()


class Encrypted(TypeDecorator[str]):
    """Text that is sealed on its way into a column and opened on its way out; ``place`` names table and column."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str = "") -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Seal."""
        return None if value is None else seal(value, self.place)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Open."""
        return None if value is None else open_sealed(bytes(value), self.place)


class WrappedKey(TypeDecorator[bytes]):
    """A record's own key as ``new_record_key`` made it, kept wrapped; also the mark by which all such columns are found."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Refuse what is not a wrapped key: an unwrapped one would be kept in the clear."""
        if value is not None and value[:1] != bytes([_WRAPPED]):
            raise PrivacyError("only a wrapped key is kept in a column for one")
        return value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """As it is kept."""
        return None if value is None else bytes(value)
