"""Files sealed with the installation's keys, written and read in one go, whatever their length (STREAM, Hoang et al. 2015).

A file is four letters, four bytes for the key's number, 32 for its salt, and then pieces of 1 MiB under AES-256-GCM. The nonce
of a piece counts it and says whether it is the last, and the file's name is authenticated with each: pieces that were swapped,
left out or cut off, and a file under another's name, do not open.
"""

import re
import secrets
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from marketplace.kernel.files import put_in_place
from marketplace.kernel.privacy import PrivacyError, key_for_file, newest_key_number
from marketplace.kernel.steps import step

SUFFIX = ".sealed"
_PARTIAL = ".partial"
_OWN_PARTIAL = re.compile(r"\.[0-9a-f]{16}\.partial")
_MAGIC = b"NQS1"
_SALT_BYTES = 32
_TAG_BYTES = 16
_PIECE = 1 << 20


class DamagedFile(RuntimeError):
    """A sealed file is not what was written."""


def seal_file(pieces: Iterable[bytes], place: Path) -> int:
    """Compress and seal what comes in pieces into a file that is whole or absent; answers its size in bytes."""
    number, salt = newest_key_number(), secrets.token_bytes(_SALT_BYTES)
    cipher = AESGCM(key_for_file(salt, number))
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{secrets.token_hex(8)}{_PARTIAL}")
    try:
        with partial.open("xb") as file:
            file.write(_MAGIC + number.to_bytes(4, "big") + salt)
            for at, (piece, last) in enumerate(_cut(_compressed(pieces))):
                file.write(cipher.encrypt(_nonce(at, last=last), piece, place.name.encode()))
            size = file.tell()
        partial.chmod(0o600)
        step("backup.file_written")
        put_in_place(partial, place)
    finally:
        partial.unlink(missing_ok=True)
    return size


def clear_partial(folder: Path) -> None:
    """Delete what somebody left who died while sealing a file of this folder; nobody else may be sealing one."""
    for left in folder.rglob(f".*{_PARTIAL}"):
        # The folder is the operator's: what others put there beside is not ours to delete.
        if _OWN_PARTIAL.fullmatch(left.name):
            left.unlink()


def open_file(place: Path) -> Iterator[bytes]:
    """What was sealed, in pieces.

    Raises
    ------
    DamagedFile
        When the file is not whole, is under another's name, or was altered; pieces that came before were as they should be.
    """
    try:
        yield from _expanded(_opened(place), place)
    except (InvalidTag, zlib.error, PrivacyError) as error:
        raise DamagedFile(f"{place} cannot be opened: {error or 'it is not what was sealed'}") from error


def _opened(place: Path) -> Iterator[bytes]:
    with place.open("rb") as file:
        head = file.read(len(_MAGIC) + 4 + _SALT_BYTES)
        if head[:4] != _MAGIC or len(head) != 8 + _SALT_BYTES:
            raise DamagedFile(f"{place} is no sealed file")
        cipher = AESGCM(key_for_file(head[8:], int.from_bytes(head[4:8], "big")))
        for at, (piece, last) in enumerate(_cut(_read(file), _PIECE + _TAG_BYTES)):
            yield cipher.decrypt(_nonce(at, last=last), piece, place.name.encode())


def _nonce(at: int, *, last: bool) -> bytes:
    return at.to_bytes(11, "big") + bytes([last])


def _read(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _cut(pieces: Iterable[bytes], length: int = _PIECE) -> Iterator[tuple[bytes, bool]]:
    """Pieces of one length and a last one, which is there even when it is empty, each with whether it is the last."""
    kept = bytearray()
    for piece in pieces:
        kept += piece
        while len(kept) > length:
            yield bytes(kept[:length]), False
            del kept[:length]
    yield bytes(kept), True


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # A file of the log that was closed early is mostly noughts.
    packer = zlib.compressobj(1)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _expanded(pieces: Iterable[bytes], place: Path) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    for piece in pieces:
        yield unpacker.decompress(piece)
    yield unpacker.flush()
    if not unpacker.eof:
        raise DamagedFile(f"{place} ends too early")
