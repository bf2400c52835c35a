"""Pictures are kept upright, small, and without a word of where they were taken."""

import io
import struct
import threading
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.pictures import SIZES, Picture, picture_path, read_picture, store_picture, width_at

_RED, _BLUE = (220, 30, 30), (30, 30, 220)
_GPS, _ORIENTATION, _MAKER, _TAKEN_AT = 0x8825, 0x0112, 0x010F, 0x0132


def _two_halves(width: int = 400, height: int = 200) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), _RED)
    image.paste(_BLUE, (width // 2, 0, width, height))
    return image


def _bytes(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _shown(picture: Picture, size: int = 1600) -> Image.Image:
    return Image.open(io.BytesIO(picture.files[size]), formats=["WEBP"]).convert("RGB")


def _near(found: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) < 24 for one, other in zip(found, wanted, strict=True))


def _exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKER], exif[_TAKEN_AT] = orientation, "Village Phone 7", "2026:05:01 06:07:08"
    exif[_GPS] = {1: "N", 2: (TiffImagePlugin.IFDRational(26, 1),) * 3, 29: "2026:05:01"}
    return exif


def test_where_when_and_with_what_a_photo_was_taken_is_in_none_of_the_files() -> None:
    sent = _bytes(_two_halves(), exif=_exif(), comment=b"home of the Yang family")
    assert b"Village Phone 7" in sent and b"2026:05:01" in sent and b"Yang" in sent
    picture = read_picture(sent)
    for content in picture.files.values():
        for word in (b"Village", b"2026", b"Yang", b"EXIF", b"Exif", b"XMP ", b"ICCP"):
            assert word not in content
        shown = Image.open(io.BytesIO(content))
        assert (dict(shown.getexif()), shown.info.get("icc_profile"), shown.info.get("xmp")) == ({}, None, None)


def test_a_photo_taken_upright_is_turned_upright_before_the_note_of_it_is_dropped() -> None:
    # Orientation 6: the camera was turned, so that the left of the sensor is the top of the view.
    picture = read_picture(_bytes(_two_halves(), exif=_exif(orientation=6)))
    assert (picture.width, picture.height) == (200, 400)
    assert _near(_shown(picture).getpixel((100, 20)), _RED) and _near(_shown(picture).getpixel((100, 380)), _BLUE)


def test_a_large_photo_is_kept_in_three_sizes_of_the_long_side_and_a_small_one_is_not_blown_up() -> None:
    large = read_picture(_bytes(_two_halves(4000, 2000), exif=_exif(orientation=6)))
    assert {size: _shown(large, size).size for size in SIZES} == {320: (160, 320), 800: (400, 800), 1600: (800, 1600)}
    assert (large.width, large.height) == (800, 1600)
    small = read_picture(_bytes(_two_halves(400, 200)))
    assert {size: _shown(small, size).size for size in SIZES} == {320: (320, 160), 800: (400, 200), 1600: (400, 200)}
    assert [width_at(large.width, large.height, size) for size in SIZES] == [160, 400, 800]
    assert [width_at(small.width, small.height, size) for size in SIZES] == [320, 400, 400]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_usual_kinds_are_taken(kind: str) -> None:
    picture = read_picture(_bytes(_two_halves(), kind))
    assert _near(_shown(picture).getpixel((20, 100)), _RED) and _near(_shown(picture).getpixel((380, 100)), _BLUE)


def test_a_phones_photo_with_a_second_view_behind_it_is_taken_as_the_first() -> None:
    sent = _bytes(_two_halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (400, 200), "green")])
    assert _near(_shown(read_picture(sent)).getpixel((20, 100)), _RED)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "CMYK", "1", "I;16"])
def test_grey_palettes_and_printers_colours_come_out_as_they_look(mode: str) -> None:
    image = Image.new("L", (64, 64), 255)
    image.paste(0, (0, 0, 32, 64))
    if mode == "I;16":
        image = Image.frombytes("I;16", (64, 64), (struct.pack("<32H", *[0] * 32) + struct.pack("<32H", *[65535] * 32)) * 64)
    sent = _bytes(image.convert(mode) if mode != "I;16" else image, "JPEG" if mode == "CMYK" else "PNG")
    shown = _shown(read_picture(sent))
    assert _near(shown.getpixel((8, 32)), (0, 0, 0)) and _near(shown.getpixel((56, 32)), (255, 255, 255))


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert _near(_shown(read_picture(_bytes(image, "PNG"))).getpixel((32, 32)), (255, 255, 255))


def test_a_colour_profile_is_applied_and_a_broken_one_is_passed_over() -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile by whose word the first channel is blue light and the third is red.
    swapped = plain.replace(b"rXYZ", b"?", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"?", b"bXYZ", 1)
    for profile, left in ((plain, _RED), (swapped, _BLUE), (b"no profile at all", _RED)):
        shown = _shown(read_picture(_bytes(_two_halves(), "PNG", icc_profile=profile)))
        assert _near(shown.getpixel((20, 100)), left)


def _png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and holds none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


_WHOLE = _bytes(_two_halves())


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "picture_empty"),
        (b"\xff\xd8" + bytes(12 * 1024 * 1024), "picture_too_heavy"),
        (_png_header(8000, 5001), "picture_too_large"),
        (_png_header(10_000, 10_000), "picture_too_large"),
        (_png_header(60_000, 60_000), "picture_too_large"),
        (b"%PDF-1.7 not a picture", "picture_kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_kind"),
        (_bytes(_two_halves(), "GIF"), "picture_kind"),
        (_bytes(_two_halves(), "TIFF"), "picture_kind"),
        (_bytes(_two_halves(), "WEBP", save_all=True, append_images=[Image.new("RGB", (400, 200))]), "picture_animated"),
        (_bytes(_two_halves(), "PNG", save_all=True, append_images=[Image.new("RGB", (400, 200))]), "picture_animated"),
        (_WHOLE[: len(_WHOLE) // 2], "picture_broken"),
        (_png_header(100, 100), "picture_broken"),
    ],
)
def test_what_is_no_still_picture_of_a_bearable_size_is_refused_by_name(sent: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_picture(sent)
    assert refused.value.code == code


def test_a_picture_cut_anywhere_is_refused_or_read_and_never_ends_otherwise() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = _bytes(_two_halves(64, 32), kind)
        for length in range(1, len(whole), 7):
            try:
                read_picture(whole[:length])
            except Invalid as error:
                assert error.code in ("picture_kind", "picture_broken")


def test_the_same_picture_sent_twice_is_one_file_in_each_size(tmp_path: Path) -> None:
    first, again = read_picture(_WHOLE), read_picture(_bytes(_two_halves(), exif=_exif()))
    assert store_picture(first, tmp_path) == store_picture(again, tmp_path) == first.name
    assert sorted(tmp_path.rglob("*.*")) == sorted(picture_path(first.name, size, tmp_path) for size in SIZES)
    other = store_picture(read_picture(_bytes(_two_halves(402, 200))), tmp_path)
    assert other != first.name and len(list(tmp_path.rglob("*.webp"))) == 6


def test_twenty_who_store_the_same_at_once_leave_one_whole_picture(tmp_path: Path) -> None:
    picture = read_picture(_WHOLE)
    together = threading.Barrier(20)
    names: list[str] = []

    def store() -> None:
        together.wait()
        names.append(store_picture(picture, tmp_path))

    threads = [threading.Thread(target=store) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == [picture.name] * 20
    # No half-written file is left behind, hidden ones included.
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    prefix = f"{picture.name[:2]}/{picture.name[2:]}"
    assert files == {f"{prefix}.{size}.webp": picture.files[size] for size in SIZES}


@pytest.mark.parametrize(("name", "size"), [("ab" * 32, 640), ("../../etc/passwd", 320), ("AB" * 32, 320), ("ab" * 31, 320)])
def test_a_name_that_is_none_leads_nowhere(name: str, size: int, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such picture"):
        picture_path(name, size, tmp_path)
