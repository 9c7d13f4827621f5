"""POST /v1/telemetry: what is right is taken whole, what is wrong is refused with its field and its fix."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.core.facts.telemetry import Gauge, Signal, Twin
from guardian.runtime.codec import decode_step_event
from guardian.runtime.control.status import document
from guardian.web import telling
from guardian.web.message import read_message
from tests.core import build
from tests.core.build import START
from tests.web.stack import HELLO, TOKEN, Heard, heard
from tests.web.told import Told, get, serving


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Heard]:
    async with heard(tmp_path) as open_:
        yield open_


def with_gauge(**gauge: Any) -> dict[str, Any]:
    return {"account": build.ACCOUNT, "source": "bot-1", "gauges": [{"name": "queue", "value": 1, **gauge}]}


def with_signal(**signal: Any) -> dict[str, Any]:
    whole = {"id": "s1", "symbol": build.BTC, "side": "sell", "price": "101.5", **signal}
    return {"account": build.ACCOUNT, "source": "bot-1", "signals": [whole]}


def with_twin(**twin: Any) -> dict[str, Any]:
    whole = {"kind": "paper", "equity": 1000, "holdings": {build.BTC: "-0.5"}, **twin}
    return {"account": build.ACCOUNT, "source": "bot-1", "twins": [whole]}


# --- what is taken ------------------------------------------------------------------------------


async def test_everything_that_is_told_reaches_the_account(bot: Heard) -> None:
    at = (START - timedelta(seconds=3)).isoformat()
    parts = (with_gauge(at=at, value=7.5), with_signal(at=at, client_id="ft-1", predicted=102, sigma=0.5))
    message = {**HELLO, **parts[0], **parts[1], **with_twin(at=at, multiplier=2, transferred="-250.5")}

    assert (202, {"taken": True}) == await bot.tell(message)

    stack, instant = (await bot.decided()).stack, START - timedelta(seconds=3)
    assert stack.heartbeat_at is not None
    assert (("queue", (Gauge("queue", instant, 7.5),)),) == stack.gauges
    assert (Signal("s1", instant, build.BTC, -1, Decimal("101.5"), "ft-1", 102.0, 0.5),) == stack.signals
    holdings, paid = ((build.BTC, Decimal("-0.5")),), Decimal("-250.5")
    assert (Twin("paper", instant, Decimal(1000), holdings, 2.0, paid),) == stack.twins
    (recorded,) = [
        event for event in map(decode_step_event, bot.shell.disk.bodies) if event.kind == "telemetry"
    ]
    assert stack.twins == recorded.telemetry.twins, "what a replay is told is what was told"


async def test_without_an_instant_the_arrival_counts_and_a_fast_clock_is_no_future(bot: Heard) -> None:
    ahead = (START + timedelta(seconds=50)).isoformat()
    await bot.tell(with_gauge(at=ahead))
    await bot.tell(with_gauge(name="other"))

    stack = (await bot.decided()).stack

    assert {True} == {START <= readings[-1].at < START + timedelta(seconds=5) for _, readings in stack.gauges}


def test_an_instant_ahead_of_guardians_clock_becomes_its_arrival() -> None:
    body = json.dumps(with_gauge(at=(START + timedelta(seconds=50)).isoformat())).encode()

    assert START == read_message(body, START).gauges[0].at


async def test_what_was_told_stands_in_status_and_in_the_metrics(bot: Heard) -> None:
    await bot.tell({**HELLO, **with_gauge(value=12)})
    await bot.tell(b"{")
    await bot.decided()

    (account,) = document(bot.shell.runtime)["accounts"]
    metrics = (await get(bot.server, "/metrics")).body

    assert account["stack"]["listening"]
    assert 0 < account["stack"]["heartbeat_age_s"] < 5
    assert [("queue", 12.0)] == [(each["name"], each["value"]) for each in account["stack"]["gauges"]]
    assert 'guardian_telemetry_accepted_total{account="main"} 1.0' in metrics
    assert 'guardian_telemetry_refused_total{reason="json"} 1.0' in metrics
    assert 'guardian_stack_heartbeat_timestamp_seconds{account="main"} 1.77' in metrics


async def test_what_was_never_told_has_no_number_anywhere(bot: Heard) -> None:
    (account,) = document(bot.shell.runtime)["accounts"]

    assert (None, [], None) == tuple(
        account["stack"][each] for each in ("heartbeat_at", "gauges", "signals_age_s")
    )
    assert "guardian_stack_heartbeat_timestamp_seconds{" not in (await get(bot.server, "/metrics")).body


# --- who may tell -------------------------------------------------------------------------------


async def test_without_configuration_it_says_what_to_configure() -> None:
    async with serving(Told()) as server:
        answer = await get(server, "/v1/telemetry", "POST", Authorization=f"Bearer {TOKEN}")

    assert 404 == answer.code
    assert (
        "add `telemetry: {token: file:keys/telemetry}` to guardian.yaml" in json.loads(answer.body)["error"]
    )


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "0", TOKEN.lower(), "\xff"])
async def test_nobody_tells_anything_without_the_token(bot: Heard, token: str | None) -> None:
    code, answer = await bot.tell(HELLO, token=token)

    assert (401, {"token": 1}) == (code, bot.refused)
    assert "Authorization: Bearer" in answer["error"]
    assert (await bot.decided()).stack.heartbeat_at is None


async def test_a_stranger_learns_nothing_of_the_body_or_the_accounts(bot: Heard) -> None:
    refused = {json.dumps(await bot.tell(body, token="wrong")) for body in (HELLO, b"{", b"x" * 10**6, {})}

    assert 1 == len(refused)


async def test_another_scheme_is_no_token(bot: Heard) -> None:
    assert 401 == (await bot.tell(HELLO, token=None, Authorization=f"Basic {TOKEN}"))[0]
    assert 202 == (await bot.tell(HELLO, token=None, Authorization=f"bearer  {TOKEN}"))[0]


@pytest.mark.parametrize("token", [None, "short"])
async def test_a_token_that_cannot_be_used_closes_the_door_and_is_told(
    tmp_path: Path, token: str | None
) -> None:
    async with heard(tmp_path, token=token) as bot:
        code, answer = await bot.tell(HELLO, token=token or "")
        await bot.decided()

        assert 503 == code
        assert str(tmp_path) not in answer["error"]
        assert ("telemetry",) == (await bot.decided()).troubles

        (tmp_path / "token").write_text(TOKEN)
        await bot.listening.fetch()

        assert 202 == (await bot.tell(HELLO))[0]
        assert () == (await bot.decided()).troubles


async def test_a_token_that_is_replaced_counts_and_the_old_one_no_longer(bot: Heard, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("ANOTHER-0123456789abcdef")
    await bot.listening.fetch()

    assert 401 == (await bot.tell(HELLO))[0]
    assert 202 == (await bot.tell(HELLO, token="ANOTHER-0123456789abcdef"))[0]


async def test_a_vault_that_is_down_does_not_silence_the_stack(bot: Heard, tmp_path: Path) -> None:
    (tmp_path / "token").unlink()
    await bot.listening.fetch()

    assert 202 == (await bot.tell(HELLO))[0]
    assert ("telemetry",) == (await bot.decided()).troubles


async def test_the_token_is_written_nowhere(bot: Heard, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await bot.tell(HELLO)
    await bot.tell({**HELLO, TOKEN: TOKEN, "source": TOKEN + " "})
    await bot.tell(b"{" + TOKEN.encode())
    await bot.decided()

    told = [json.dumps(document(bot.shell.runtime)), (await get(bot.server, "/metrics")).body, caplog.text]
    told += [*bot.shell.disk.bodies, repr(vars(bot.listening))]

    assert [] == [text for text in told if TOKEN in text]


# --- what is wrong ------------------------------------------------------------------------------

MANY = [{"name": f"g{n}", "value": 1} for n in range(61)]

WRONG: list[tuple[Any, str, str]] = [
    ({**HELLO, "hartbeat": True}, "hartbeat", "not permitted"),
    ({"source": "bot-1", "heartbeat": True}, "account", "required"),
    ({"account": build.ACCOUNT, "source": "bot-1"}, "", "tells nothing"),
    ({**HELLO, "heartbeat": 1}, "heartbeat", "boolean"),
    ({**HELLO, "source": "a b"}, "source", "pattern"),
    (with_gauge(value="7"), "gauges[0].value", "number"),
    (with_gauge(value=float("nan")), "gauges[0].value", "finite"),
    (with_gauge(value=float("inf")), "gauges[0].value", "finite"),
    (with_gauge(value=1e19), "gauges[0].value", "less than"),
    (with_gauge(at="2026-03-02T12:00:00"), "gauges[0].at", "timezone"),
    (with_gauge(at=1772452800), "gauges[0].at", "datetime"),
    (with_gauge(at="2026-03-02T12:02:00Z"), "gauges[0].at", "60 s in the future"),
    (with_gauge(at="9999-12-31T23:59:59-23:59"), "gauges[0].at", "future"),
    (with_gauge(at="0001-01-01T00:00:00+23:59"), "gauges[0].at", "past"),
    (with_gauge(unit="s"), "gauges[0].unit", "not permitted"),
    ({**HELLO, "gauges": MANY}, "gauges", "at most 60"),
    ({**HELLO, "gauges": MANY[:21]}, "", "more than 20 names"),
    (with_signal(side="long"), "signals[0].side", "'buy' or 'sell'"),
    (with_signal(price=0), "signals[0].price", "greater than 0"),
    (with_signal(price="1_000"), "signals[0].price", "plain decimal"),
    (with_signal(price="NaN"), "signals[0].price", "plain decimal"),
    (with_signal(sigma=0), "signals[0].sigma", "greater than 0"),
    (with_signal(id="a\u0007b"), "signals[0].id", "cannot be printed"),
    (with_twin(kind="shadow"), "twins[0].kind", "'paper' or 'master'"),
    (with_twin(equity="1e3"), "twins[0].equity", "plain decimal"),
    (with_twin(equity=10**400), "twins[0].equity", "out of range"),
    (with_twin(equity=-(10**4200)), "twins[0].equity", "out of range"),
    (with_twin(holdings={build.BTC: 10**400}), f"twins[0].holdings.{build.BTC}", "out of range"),
    (with_signal(price=10**400), "signals[0].price", "out of range"),
    (with_gauge(value=10**400), "gauges[0].value", ""),
    (with_twin(multiplier=10**400), "twins[0].multiplier", ""),
    (with_twin(transferred="1e3"), "twins[0].transferred", ""),
    (with_twin(holdings={"A B": 1}), "twins[0].holdings.A B", "pattern"),
    (with_twin(holdings={build.BTC: None}), f"twins[0].holdings.{build.BTC}", "plain decimal"),
    ([HELLO], "", "object"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "field", "says"), WRONG, ids=[f"{n}-{row[1]}" for n, row in enumerate(WRONG)]
)
async def test_a_mistake_is_told_where_it_is_and_nothing_is_taken(
    bot: Heard, message: Any, field: str, says: str
) -> None:
    code, answer = await bot.tell(message)

    assert (422, 2, {"schema": 1}) == (code, answer["exit_code"], bot.refused)
    (finding,) = answer["findings"]
    assert field == finding["field"]
    assert says in finding["message"]
    assert finding["fix"]
    stack = (await bot.decided()).stack
    assert (None, (), (), ()) == (stack.heartbeat_at, stack.gauges, stack.signals, stack.twins)


async def test_every_mistake_of_a_message_is_told_at_once(bot: Heard) -> None:
    _, answer = await bot.tell({**with_gauge(value="x"), "extra": 1, "heartbeat": "yes"})

    assert {"extra", "heartbeat", "gauges[0].value"} == {each["field"] for each in answer["findings"]}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 60_000, b'"\\ud800"', b'{"account": 1' + b"9" * 5000]
)
async def test_what_is_no_json_is_refused_as_that(bot: Heard, body: bytes) -> None:
    assert (400, {"json": 1}) == ((await bot.tell(body))[0], bot.refused)


async def test_an_account_that_is_not_watched_is_named_with_the_nearest(bot: Heard) -> None:
    code, answer = await bot.tell({**HELLO, "account": "mian"})

    assert (422, {"account": 1}) == (code, bot.refused)
    assert "did you mean main?" in answer["error"]
    assert ["account"] == [finding["field"] for finding in answer["findings"]], (
        "docs/telemetry.md promises them"
    )


async def test_more_gauges_than_an_account_remembers_are_refused_not_forgotten(bot: Heard) -> None:
    first = {**HELLO, "gauges": MANY[:20]}
    assert 202 == (await bot.tell(first))[0]
    await bot.decided()

    assert 422 == (await bot.tell(with_gauge(name="one-more")))[0]
    assert 202 == (await bot.tell(first))[0]

    bot.shell.clock.at += timedelta(hours=25)
    assert 202 == (await bot.tell(with_gauge(name="one-more")))[0]
    assert "one-more" in dict((await bot.decided()).stack.gauges)
    assert 422 == (await bot.tell({**HELLO, "gauges": MANY[20:40]}))[0], "one is known and fresh"


# --- bounds -------------------------------------------------------------------------------------


async def test_a_body_past_the_bound_is_refused_however_it_comes(bot: Heard) -> None:
    large = json.dumps({**HELLO, "pad": "x" * telling.LARGEST_MESSAGE}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 8192):
            yield large[start : start + 8192]

    url = f"http://127.0.0.1:{bot.server.port}/v1/telemetry"
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with bot.session.post(url, data=pieces(), headers=bearer) as chunked:
        assert 413 == chunked.status
    assert 413 == (await bot.tell(large))[0]
    assert {"size": 2} == bot.refused


async def test_a_body_that_does_not_come_is_not_waited_for(
    bot: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", bot.server.port)
    lines = ("POST /v1/telemetry HTTP/1.1", "Host: a", f"Authorization: Bearer {TOKEN}", "Content-Length: 9")
    writer.write("\r\n".join((*lines, "", "{")).encode())

    answer = await asyncio.wait_for(reader.readline(), 20)

    writer.close()
    assert b"408" in answer
    assert {"slow": 1} == bot.refused


async def test_a_source_has_its_own_pace_and_takes_nobody_elses(bot: Heard) -> None:
    codes = [(await bot.tell(HELLO))[0] for _ in range(60)]
    other = (await bot.tell({**HELLO, "source": "bot-2"}))[0]

    assert 20 <= codes.count(202) < 30
    assert {202, 429} == set(codes)
    assert 202 == other
    assert codes.count(429) == bot.refused["pace"]


async def test_an_account_has_a_bound_in_bytes_whatever_its_sources_are_called(bot: Heard) -> None:
    """What is told is kept for ever: names that somebody invents must not fill the disk."""
    large = {**HELLO, "gauges": [MANY[0]] * 60}
    codes = [(await bot.tell({**large, "source": f"s{n}"}))[0] for n in range(20) for _ in range(10)]
    taken = codes.count(202)
    code, answer = await bot.tell({**large, "source": "calm"})

    assert {202, 429} == set(codes)
    assert 50 <= taken < 130
    assert (429, True) == (code, "bytes" in answer["error"])
    assert codes.count(429) + 1 == bot.refused["bytes"]
    assert 422 == (await bot.tell({**large, "source": "calm", "account": "stranger"}))[0]


async def test_all_sources_together_have_a_pace_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PORT_BURST", 5.0)
    monkeypatch.setattr(telling, "PORT_PER_SECOND", 0.001)
    async with heard(tmp_path) as bot:
        codes = [(await bot.tell({**HELLO, "source": f"s{n}"}))[0] for n in range(7)]

        assert [202] * 5 + [429] * 2 == codes
        assert 401 == (await bot.tell(HELLO, token="wrong"))[0], "who has no token uses nobody's pace up"
