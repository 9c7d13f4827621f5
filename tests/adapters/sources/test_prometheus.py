"""A number only where Prometheus gives exactly one that is finite and fresh; elsewhere silence, and why."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.config.shapes import PrometheusConfig
from guardian.secrets import SecretReferences
from guardian.sources import PrometheusSource, Reading, Silence
from guardian.sources.prometheus import NoNumber, number
from tests.adapters.sources.server import REFUSED, Prometheus, serving, vector
from tests.core.build import START
from tests.fuzz.effort import examples
from tests.fuzz.spoilt import ANY_VALUE

QUERY = 'sum(queue_depth{bot="a"})'
DEPTH = (("queue_depth", QUERY),)


async def ask(
    server: Prometheus,
    gauges: tuple[tuple[str, str], ...] = DEPTH,
    every: float = 15.0,
    now: datetime = START,
    token: str | None = None,
) -> tuple[Reading | Silence, ...]:
    config = PrometheusConfig(server.url, "main", gauges, every, token)
    source = PrometheusSource(config, SecretReferences(Path("/")))
    try:
        return await source.ask(lambda: now)
    finally:
        await source.close()


async def only(server: Prometheus, **asked: Any) -> Reading | Silence:
    async with serving(server):
        (told,) = await ask(server, **asked)
    return told


async def why(server: Prometheus, **asked: Any) -> str:
    told = await only(server, **asked)
    assert isinstance(told, Silence), told
    assert "queue_depth" == told.gauge
    return told.why


async def test_one_sample_is_a_number_of_the_instant_at_which_it_was_taken() -> None:
    sampled = START - timedelta(seconds=12)
    server = Prometheus(sampled, {QUERY: vector(START, "41.5")})

    assert Reading("queue_depth", sampled, 41.5) == await only(server)


async def test_every_gauge_is_asked_for_and_one_without_an_answer_takes_none_along() -> None:
    server = Prometheus(START, {"a": vector(START, "1"), "b": vector(START, "1", "2")})
    async with serving(server):
        told = await ask(server, (("one", "a"), ("two", "b"), ("three", "c")))

    assert Reading("one", START, 1.0) == told[0]
    assert isinstance(told[1], Silence)
    assert "2 samples" in told[1].why
    assert told[2] == Silence("three", "no sample")


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e300", "1_000", "", "12 ", "٣", "0x10"])
async def test_what_is_no_finite_number_is_never_told(value: str) -> None:
    assert "number" in await why(Prometheus(START, {QUERY: vector(START, value)}))


async def test_a_scalar_is_refused_and_its_kind_is_named() -> None:
    answer = {"status": "success", "data": {"resultType": "scalar", "result": [1.0, "4"]}}

    assert "scalar" in await why(Prometheus(START, {QUERY: answer}))


async def test_the_servers_own_reason_is_told_on_one_line() -> None:
    assert "refused: 1:3: parse error: unexpected <op:*>" == await why(Prometheus(START, {QUERY: REFUSED}))


@pytest.mark.parametrize(
    ("age", "every", "stale"),
    [(59.0, 1.0, False), (61.0, 1.0, True), (299.0, 100.0, False), (301.0, 100.0, True), (-4.0, 15.0, False)],
)
async def test_a_sample_is_stale_after_a_minute_or_three_turns(age: float, every: float, stale: bool) -> None:
    server = Prometheus(START - timedelta(seconds=age), {QUERY: vector(START, "7")})

    told = await only(server, every=every)

    assert isinstance(told, Silence) is stale
    if isinstance(told, Reading):
        assert told.at <= START, "a number from the future would have a negative age"
    else:
        assert f"stale: sampled {age:.0f} s ago" == told.why


async def test_a_server_whose_clock_is_ahead_tells_nothing() -> None:
    server = Prometheus(START + timedelta(seconds=30), {QUERY: vector(START, "7")})

    assert "30 s ahead" in await why(server)


async def test_a_server_that_hangs_is_silence_after_its_own_deadline() -> None:
    assert "no answer within 1 s" == await why(Prometheus(START, wait=3.0), every=1.0)


async def test_a_server_that_is_gone_is_silence() -> None:
    async with serving(Prometheus(START)) as server:
        pass
    (told,) = await ask(server)

    assert told == Silence("queue_depth", "cannot be asked (ClientConnectorError)")


@pytest.mark.parametrize(
    ("status", "raw", "says"),
    [
        (200, b"<html>login</html>", "no answer of a Prometheus"),
        (302, b"", "http 302"),
        (503, b"Service Unavailable", "http 503"),
        (200, b"[" * 300_000, "too large"),
        (200, b'{"status":"success"}', "not an instant vector"),
        (200, b'{"status":"success","data":{"resultType":"vector","result":[7]}}', "no number"),
    ],
)
async def test_what_is_no_answer_is_silence(status: int, raw: bytes, says: str) -> None:
    assert says in await why(Prometheus(START, status=status, raw=raw))


async def test_the_token_goes_along_and_appears_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "token").write_text("TOPSECRETTOKEN\n")
    server = Prometheus(START, {QUERY: vector(START, "7")})

    told = await only(server, token=f"file:{tmp_path / 'token'}")

    assert isinstance(told, Reading)
    assert {"Bearer TOPSECRETTOKEN"} == {authorization for _, authorization in server.asked}
    assert "TOPSECRETTOKEN" not in caplog.text


async def test_a_token_that_is_not_there_asks_nobody_and_names_the_reference(tmp_path: Path) -> None:
    server = Prometheus(START, {QUERY: vector(START, "7")})

    assert str(tmp_path / "none") in await why(server, token=f"file:{tmp_path / 'none'}")
    assert [] == server.asked


async def test_a_redirect_is_not_followed() -> None:
    """The token would go along to wherever it points."""
    server = Prometheus(START, status=307, raw=b"")

    assert "http 307" in await why(server)
    assert 1 == len(server.asked)


async def test_a_packed_answer_is_refused_before_it_is_unpacked() -> None:
    """A few kilobytes may hold gigabytes: unpacking them would stand the loop still that decides."""
    packed = gzip.compress(b" " * 50_000_000, 1)
    server = Prometheus(START, raw=packed, headers={"Content-Encoding": "gzip"})
    worst, stop = 0.0, False

    async def beat() -> None:
        nonlocal worst
        while not stop:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - begun)

    beating = asyncio.create_task(beat())
    reason = await why(server)
    stop = True
    await beating

    assert "the answer is packed, which was not asked for" == reason
    assert {"identity"} == server.encodings
    assert worst < 0.2


async def test_a_plain_answer_may_say_that_it_is() -> None:
    raw = json.dumps(vector(START, str(START.timestamp()))).encode()
    server = Prometheus(START, raw=raw, headers={"Content-Encoding": "identity"})

    assert isinstance(await only(server), Reading)


async def test_many_gauges_are_asked_for_a_few_at_a_time() -> None:
    server = Prometheus(START, {"up": vector(START, "1")}, wait=0.01)
    async with serving(server):
        told = await ask(server, tuple((f"g{number}", "up") for number in range(20)))

    assert 20 == sum(isinstance(each, Reading) for each in told)
    assert 2 <= server.most <= 4


async def test_a_name_that_is_looked_up_for_long_takes_no_thread_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loop's own few threads fetch keys and look up venues; one that hangs here would hang those too."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    answer = threading.Event()

    def hangs(*_: Any, **__: Any) -> Any:
        answer.wait(5.0)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    config = PrometheusConfig("http://prometheus.example:9090", "main", DEPTH, 1.0, None)
    source = PrometheusSource(config, SecretReferences(Path("/")))
    told = [await source.ask(lambda: START) for _ in range(2)]
    begun = time.perf_counter()
    await asyncio.to_thread(lambda: None)
    waited = time.perf_counter() - begun
    answer.set()
    await source.close()

    assert [(Silence("queue_depth", "no answer within 1 s"),)] * 2 == told
    assert waited < 0.5


async def test_a_server_is_found_by_its_name_under_any_of_its_addresses() -> None:
    server = Prometheus(START, {QUERY: vector(START, "7")})
    async with serving(server):
        server.url = server.url.replace("127.0.0.1", "localhost")
        (told,) = await ask(server)

    assert Reading("queue_depth", START, 7.0) == told


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.sampled_from(ANY_VALUE) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@examples(200)
@given(status=st.integers(200, 599), result=ANYTHING, kind=st.sampled_from(["vector", "scalar", 7]))
def test_no_answer_breaks_the_reader(status: int, result: Any, kind: Any) -> None:
    documents = [
        {"status": "success", "data": {"resultType": kind, "result": result}},
        {"status": "success", "data": {"resultType": kind, "result": [{"value": [1.0, result]}]}},
        {"status": "error", "error": result},
        {"status": "success", "data": result},
        result,
    ]
    for document in documents:
        with suppress(NoNumber):
            assert isfinite(number(status, json.dumps(document).encode("utf-8", "surrogatepass")))
