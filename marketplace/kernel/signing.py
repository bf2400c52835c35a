"""Signing what is published, so that whoever keeps the public key can tell that it came from here (Ed25519, RFC 8032).

The keys lie outside the database, by number. The newest one signs; of older ones only the public half is needed, and the
database keeps that, so a key that signs no more can be deleted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from marketplace.kernel.files import make_once

FILE = "signing_keys"
_LINE = re.compile(r"([1-9][0-9]{0,8}):([0-9a-f]{64})")


class SigningError(RuntimeError):
    """There is no key to sign with, or it is written wrongly."""


@dataclass(frozen=True)
class SigningKeys:
    """Secret seeds of 32 bytes by number."""

    seeds: Mapping[int, bytes]

    @classmethod
    def parse(cls, text: str) -> "SigningKeys":
        """Read ``<number>:<64 hex digits>``, apart by commas or lines.

        Raises
        ------
        SigningError
            When one is written otherwise or twice, or there is none.
        """
        found: dict[int, bytes] = {}
        for word in text.replace(",", "\n").split():
            match = _LINE.fullmatch(word)
            if match is None or int(match[1]) in found:
                raise SigningError("a signing key is written number:64 hex digits, each number once")
            found[int(match[1])] = bytes.fromhex(match[2])
        if not found:
            raise SigningError("there must be one signing key at least")
        return cls(found)


class _InUse:
    """The keys of this process."""

    keys: SigningKeys | None = None


def use_signing_keys(keys: SigningKeys | None) -> None:
    """Say which keys this process signs with."""
    _InUse.keys = keys


def own_signing_keys(folder: Path) -> SigningKeys:
    """The installation's own keys, made once and kept where only their owner reads them."""
    seed = Ed25519PrivateKey.generate().private_bytes_raw().hex()
    return SigningKeys.parse(make_once(folder / FILE, f"1:{seed}\n"))


def _keys() -> SigningKeys:
    if _InUse.keys is None:
        raise SigningError("no signing keys are in use")
    return _InUse.keys


def newest_signing_key() -> int:
    """The number of the key that signs."""
    return max(_keys().seeds)


def public_keys() -> dict[int, bytes]:
    """The public halves, of 32 bytes each, of the keys in use, by number."""
    return {
        number: Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        for number, seed in _keys().seeds.items()
    }


def sign(message: bytes) -> bytes:
    """The signature of 64 bytes of the newest key."""
    return Ed25519PrivateKey.from_private_bytes(_keys().seeds[newest_signing_key()]).sign(message)


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature over a message is that of a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
