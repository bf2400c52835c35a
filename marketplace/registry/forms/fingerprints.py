"""Sixty-four bits that nearly equal pictures share: the difference hash (dHash), as N. Krawetz described it in 2013.

A picture is made nine by eight grey dots; each bit says whether a dot is brighter than its left neighbour. Another size,
another compression or a little light change few bits; another house changes about half of them.
"""

import io

from PIL import Image

_FEWEST_BITS = 6


def fingerprint(webp: bytes) -> int:
    """The fingerprint of a picture that was read and stored, as a signed number of 64 bits."""
    with Image.open(io.BytesIO(webp)) as image:
        grey = image.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    dots = list(grey.tobytes())
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (dots[row * 9 + column + 1] > dots[row * 9 + column])
    return bits - (1 << 64) if bits >> 63 else bits


def differing_bits(one: int, two: int) -> int:
    """In how many bits two fingerprints differ.

    >>> differing_bits(-1, 0), differing_bits(5, 4)
    (64, 1)
    """
    return ((one ^ two) & ((1 << 64) - 1)).bit_count()


def tells_something(bits: int) -> bool:
    """Whether a picture has enough in it to be known again: a dark or an empty one resembles every other of its kind."""
    ones = (bits & ((1 << 64) - 1)).bit_count()
    return _FEWEST_BITS <= ones <= 64 - _FEWEST_BITS
