"""Pictures that people send: read with care, turned upright, and kept without what a camera writes beside the image.

A camera notes where it stood, when, and whose it is. None of that is kept: only the pixels are, encoded anew in three sizes.
Files are named by the SHA-256 of the largest size, so the same picture is one file however often it is sent.
"""

import hashlib
import io
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.kernel.files import store_whole

# The long side in pixels: a card, a page on a phone, a page on a wide screen.
SIZES = (320, 800, 1600)
LARGEST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
_QUALITY = 80
_NAME = re.compile(r"[0-9a-f]{64}")
_KINDS = ("JPEG", "PNG", "WEBP", "HEIF")
# What Pillow's readers raise on bytes that are not what they begin as.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error)


@dataclass(frozen=True)
class Picture:
    """A picture that has been read: its name, the size of its largest form in pixels, and WebP bytes by size."""

    name: str
    width: int
    height: int
    files: Mapping[int, bytes]


def read_picture(data: bytes) -> Picture:
    """Read the bytes of a picture and encode them anew.

    Raises
    ------
    Invalid
        ``picture_empty``, ``picture_too_heavy`` (more than 12 MB), ``picture_kind`` (no JPEG, PNG, WebP, nor HEIF where Pillow
        reads it), ``picture_too_large`` (more than 40 million pixels, found before any is decoded), ``picture_animated`` or
        ``picture_broken``.
    """
    if not data:
        raise Invalid("picture_empty", N_("Please choose a picture."))
    if len(data) > LARGEST_BYTES:
        raise Invalid("picture_too_heavy", N_("A picture may have at most 12 MB."))
    try:
        with Image.open(io.BytesIO(data), formats=_known_kinds()) as image:
            _check(image)
            whole = _upright_srgb(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except UnidentifiedImageError:
        raise Invalid("picture_kind", N_("Please choose a picture in JPEG, PNG or WebP form.")) from None
    except _BROKEN:
        raise Invalid("picture_broken", N_("This picture is damaged or not complete. Please take it again.")) from None
    forms = {size: _smaller(whole, size) for size in SIZES}
    files = {size: _encoded(form) for size, form in forms.items()}
    largest = max(SIZES)
    name = hashlib.sha256(files[largest]).hexdigest()
    return Picture(name, forms[largest].width, forms[largest].height, files)


def store_picture(picture: Picture, folder: Path) -> str:
    """Keep a picture in a folder and answer its name; a reader finds each file whole or not at all.

    Storing again what is there writes nothing, and any number of writers may store the same at once.
    """
    for size, content in picture.files.items():
        store_whole(content, picture_path(picture.name, size, folder))
    return picture.name


def picture_path(name: str, size: int, folder: Path) -> Path:
    """Where a picture lies in a folder, whether it is there or not; ``NotFound`` for what cannot be a name or size.

    >>> picture_path("ab" * 32, 320, Path("pictures")).as_posix()[:18]
    'pictures/ab/ababab'
    """
    if size not in SIZES or not _NAME.fullmatch(name):
        raise NotFound("picture_unknown", N_("There is no such picture."))
    return folder / name[:2] / f"{name[2:]}.{size}.webp"


def width_at(width: int, height: int, size: int) -> int:
    """How many pixels wide a picture is in one of its sizes, which is what ``srcset`` wants to know.

    >>> width_at(1600, 1200, 320), width_at(1200, 1600, 320), width_at(100, 50, 320)
    (320, 240, 100)
    """
    return width if max(width, height) <= size else max(1, round(width * size / max(width, height)))


def _known_kinds() -> list[str]:
    Image.init()
    return [kind for kind in _KINDS if kind in Image.OPEN]


def _too_large() -> Invalid:
    return Invalid("picture_too_large", N_("A picture may have at most 40 million pixels."))


def _check(image: Image.Image) -> None:
    """Refuse by what the header says, before a pixel is decoded."""
    if image.width * image.height > MOST_PIXELS:
        raise _too_large()
    # A phone's JPEG may carry a second view or a depth map behind the photo (MPO); the photo comes first.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise Invalid("picture_animated", N_("Please choose a picture that does not move."))


def _upright_srgb(image: Image.Image) -> Image.Image:
    """The pixels alone, as the photographer saw them, in sRGB on white."""
    largest, long_side = max(SIZES), max(image.size)
    if long_side > largest:
        # A JPEG can be decoded at a half or a quarter of its size, in that part of the time.
        image.draft(None, (image.width * largest // long_side, image.height * largest // long_side))
    image.load()
    profile = image.info.get("icc_profile")
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I") or turned.mode == "F":
        # Sixteen bits of grey are brought to eight, where Pillow would cut them off.
        turned = turned.convert("I").point(lambda value: value / 256).convert("L")
    plain = turned.convert("RGBA") if turned.has_transparency_data else _converted(turned, profile)
    clean = Image.new("RGB", plain.size, "white")
    clean.paste(plain, mask=plain.getchannel("A") if plain.mode == "RGBA" else None)
    return clean


def _converted(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB by the picture's own profile, or as if it were sRGB where there is none that can be read."""
    if profile:
        source = image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB")
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(source, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert("RGB")
        if converted is not None:
            return converted
    return image.convert("RGB")


def _smaller(image: Image.Image, size: int) -> Image.Image:
    long_side = max(image.size)
    if long_side <= size:
        return image
    width, height = (max(1, round(side * size / long_side)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=4)
    return buffer.getvalue()
