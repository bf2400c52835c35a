"""Check the square code of a payment slip, without a line and without trusting us: python3 check_slip.py KEY [CODE]

KEY is the public key as published, 64 figures and letters; keep it from a time and place that you trust. CODE is the text that
a phone reads off the code; without it the text is read from the standard input. Ends with 0 when all is right, with 1 when not.

The code holds one booking, word for word, and the way from it to the root of a Merkle tree (RFC 6962) over all bookings until a
day; the signature over that root is Ed25519 (RFC 8032). If all of it fits together, the booking was in the log when that head
was signed and has not been altered since. That a bank has carried it out, the code cannot say.
"""

import base64
import hashlib
import json
import struct
import sys
from datetime import datetime, timezone

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    """The sum of two points of the curve, in extended coordinates (RFC 8032, 5.1.4)."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * D * a[3] * b[3] % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor, point):
    """A point added to itself so many times."""
    total = (0, 1, 1, 0)
    for bit in bin(factor)[2:]:
        total = add(add(total, total), point) if bit == "1" else add(total, total)
    return total


def point_of(text):
    """A point from its 32 bytes (RFC 8032, 5.1.3)."""
    sign, y = divmod(int.from_bytes(text, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("a key or signature that is none")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = point_of(bytes([0x58]) + bytes([0x66]) * 31)


def is_signed(key, message, signature):
    """Whether this key has signed this message (RFC 8032, 5.1.7)."""
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), add(point_of(signature[:32]), times(k, point_of(key)))
    return s < L and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def check(key, code):
    """What the code says, when all of it is right; else ``ValueError``."""
    mark, _, text = code.partition(":")
    packed = base64.b32decode(text + "=" * (-len(text) % 8))
    if mark != "NONGQIAO1" or base64.b32encode(packed).decode().rstrip("=") != text:
        raise ValueError("this is not the code of a slip")
    position, size, at, number, steps = struct.unpack_from(">QQQIB", packed)
    previous, signature, salt = packed[29:61], packed[61:125], packed[125:141]
    path = [packed[141 + 32 * i : 173 + 32 * i] for i in range(steps)]
    line = packed[141 + 32 * steps :]
    entry = f"transfer {salt.hex()} {hashlib.sha256(line).hexdigest()}"
    root, place, last = hashlib.sha256(b"\0" + entry.encode()).digest(), position, size - 1
    for other in path:
        if not last:
            raise ValueError("its way is longer than the tree is high")
        while place == last and place and not place & 1:  # alone at the right edge, a node goes up as it is
            place, last = place >> 1, last >> 1
        pair = other + root if place & 1 else root + other
        root, place, last = hashlib.sha256(b"\1" + pair).digest(), place >> 1, last >> 1
    moment = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017
    head = f"nongqiao log head 1\nsize {size}\nat {moment}\nroot {root.hex()}\nprevious {previous.hex()}\nkey {number}\n"
    if not 0 <= position < size or last or not is_signed(bytes.fromhex(key), head.encode(), signature):
        raise ValueError("what the code says was not signed with this key")
    return json.loads(line), position, size, moment, number


if __name__ == "__main__":
    try:
        code = sys.argv[2] if sys.argv[2:] else sys.stdin.read()
        booking, position, size, moment, number = check(sys.argv[1], code.strip())
    except (ValueError, IndexError, struct.error, OverflowError, OSError) as error:
        sys.exit(f"REFUSED 不符: {error}")
    print(
        f"RIGHT 相符: leaf {position} of {size}, signed {moment} with key {number}\n{json.dumps(booking, ensure_ascii=False)}"
    )
    for entry in booking[-1].split(","):
        account, fen = entry.split(":", 1)[1].rsplit("=", 1)
        yuan = f"{int(fen):+04d}"
        print(f"{yuan[:-2]}.{yuan[-2:]} yuan {account}")
