"""Strategies for YAML files: a valid one with fields changed, or with lines that no editor should leave."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from tests.fuzz.spoilt import edited, edits

VALUES: tuple[Any, ...] = (
    None, True, False, [], {}, 0, -0.05, 5, 0.05, 1, 1e30, -1, float("nan"), float("inf"), float("-inf"),
    10**40, "", "5%", "0.05", "1h", "10s", "day", "hwm 30d", "1:30", "lockout", "LOCKOUT", "normal", "dd",
    "drawdwn", "x" * 3000, "é" * 50, "\U0001f4a3", "a\tb", "../../etc/passwd", "~nobody/x", "file:",
    "env:A", "vault:a/b", "http://a:b@c/", "http://[", "999999999d", "day: Mars/Base", "on", "=", "<<",
    "*a", {"<<": {"id": "a"}}, [[[[]]]], {"a": {"b": {}}}, "SECRETSECRET\u2028", "-", "2026-03-02",
    "127.0.0.1:99999", "[::1]:0", {"day": "Europe/Berlin"}, [None], ["", ""],
)  # fmt: skip

LAUGHS = "a: &a [x, x, x]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}, *{before}, *{before}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
LINES = (
    "\t- id: tab\n", "  <<: *base\n", "- &anchor {id: a}\n", "- *anchor\n", "---\n", "...\n",
    "%YAML 9.9\n", LAUGHS, "\ufeff", "- " * 60 + "x\n", "{" * 90, "[" * 90 + "]" * 90, '"\\UFFFFFFFF"\n',
    "!!python/object/apply:os.system [ls]\n", "? [a, b]\n: c\n", "- |2\n  x\n", "'", '"', "\r", "\x85",
    "\u2029", "#" * 5000 + "\n", "!!binary aGk=\n", "- !!float 1\n", "  over: .nan\n",
    "  window: 1h\n  window: 2h\n", "\x00", "\ud7ff", "- id: a\n" * 200, "over: 1e999\n", "- {}\n", ": \n",
)  # fmt: skip
BINARY = (
    b"",
    b"\n",
    b"\x00",
    b"\xff\xfe- \x00i\x00d\x00",
    b"\x80abc",
    b"PK\x03\x04" * 20,
    b"\x1f\x8b\x08",
    b"\xef\xbb\xbf",
)


def files(valid: str) -> st.SearchStrategy[bytes]:
    """`valid` with fields changed, with odd lines between its own, cut, or replaced altogether."""
    tree = yaml.safe_load(valid)
    lines = valid.splitlines(keepends=True)

    def dumped(changes: list[Any]) -> bytes:
        text: str = yaml.safe_dump(edited(tree, changes), allow_unicode=True, sort_keys=False)
        return text.encode("utf-8", "surrogatepass")

    def inserted(place: int, odd: str) -> bytes:
        at = place % (len(lines) + 1)
        return "".join([*lines[:at], odd, *lines[at:]]).encode("utf-8", "surrogatepass")

    def cut(start: int, length: int) -> bytes:
        raw = valid.encode()
        return raw[: start % len(raw)] + raw[(start % len(raw)) + length :]

    return st.one_of(
        st.builds(dumped, edits(VALUES, large=False)),
        st.builds(dumped, edits(VALUES, large=False)),
        st.builds(inserted, st.integers(0, 500), st.sampled_from(LINES)),
        st.builds(cut, st.integers(0, 9000), st.integers(1, 40)),
        st.sampled_from(BINARY),
    )


WORDS = (
    "", "----", "#", "# ", "-5..-1", "0..1000000000", "9..-9", "nan", "1e999", "read", "read BTC=1@0",
    "BTC=-0@1e30", "equity=NaN", "pack", "pack none", "only none", "tick", "restart", "arm", "disarm 9h",
    "demand lockout", "keys all", "done", "start never", "rule", "account x=1", "\x00", "\u2028",
    "\U0001f4a3" * 50, "x" * 9000, "0.0001..0.1 tick", "99999999 tick", "-99999999999 read", "unarmed",
    "no-rules", "trouble journal", "look dd", "BTC#9=1@1", "BTC=1@1/-1",
)  # fmt: skip


def cases(valid: str) -> st.SearchStrategy[bytes]:
    """A file of cases with words replaced, lines dropped, doubled or put in, or cut."""
    lines = valid.splitlines()

    def changed(changes: list[tuple[int, int, str, str]]) -> bytes:
        found = list(lines)
        for line, place, how, word in changes:
            at = line % len(found)
            words = found[at].split(" ")
            words[place % len(words)] = word
            replaced = {
                "word": [" ".join(words)],
                "drop": [],
                "twice": [found[at]] * 2,
                "in": [word, found[at]],
            }
            found[at : at + 1] = replaced[how]
            found = found or [""]
        return "\n".join(found).encode("utf-8", "surrogatepass")

    change = st.tuples(
        st.integers(0, 200),
        st.integers(0, 9),
        st.sampled_from(["word", "word", "drop", "twice", "in"]),
        st.sampled_from(WORDS),
    )
    return st.one_of(st.lists(change, min_size=1, max_size=3).map(changed), st.sampled_from(BINARY))
