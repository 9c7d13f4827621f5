"""Strategies for a venue's answers: edited, cut, replaced by other bytes, or with another status or code."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
from hypothesis import strategies as st

from tests.fuzz.booth import Said, Spoil
from tests.fuzz.spoilt import edited, edits

PAGES = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"OK"',
    b"<html><body>502 Bad Gateway</body></html>",
    b"\xff\xfe\x00",
    gzip.compress(b"{}"),
    b'{"retCode":0}',
    b'{"retCode":0,"retMsg":"OK","result":{},"retExtInfo":{},"time":1e400}',
    b'{"retCode":0,"result":{"list":[]},"time":NaN}',
    b'{"retCode":0,"result":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}",
    b"[" * 5000,
    b'{"retCode":0,"retCode":10003,"result":{"list":[]}',
)
"""Bytes that are no answer of this venue."""

STATUSES = (200, 201, 204, 301, 400, 401, 403, 404, 408, 418, 429, 500, 502, 503, 504, 999)
CODES = (
    0, "0", -1, 429, 10000, 10002, 10003, 10004, 10005, 10006, 10014, 10016, 10018, 33004, 110001, 110017,
    110072, None, True, "", "ok", 0.0, 2**40, [], {}, "-", "00",
)  # fmt: skip


def _edited(changes: list[Any]) -> Spoil:
    return lambda honest: Said(orjson.dumps(edited(honest, changes)))


def _cut(keep: int) -> Spoil:
    return lambda honest: Said((whole := orjson.dumps(honest))[: keep % len(whole)])


def _replaced(body: bytes, status: int) -> Spoil:
    return lambda _: Said(body, status)


def _coded(code: Any, status: int, text: str) -> Spoil:
    return lambda honest: Said(orjson.dumps(honest | {"retCode": code, "retMsg": text}), status)


def spoils() -> st.SearchStrategy[Spoil]:
    """Anything that a venue, a proxy or a broken line may say."""
    return st.one_of(
        st.builds(_edited, edits()),
        st.builds(_cut, st.integers(0, 5000)),
        st.builds(_replaced, st.sampled_from(PAGES), st.sampled_from(STATUSES)),
        st.builds(_coded, st.sampled_from(CODES), st.sampled_from(STATUSES), st.sampled_from(["OK", "no"])),
    )
