"""No secret in anything that leaves an adapter, however badly the venue behaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from guardian.core.effects import CloseOrder
from guardian.errors import VenueError
from guardian.exchanges import venue
from guardian.exchanges.bybit.trade import BybitTrader
from guardian.exchanges.generic.redact import redact
from guardian.exchanges.generic.wire import Wire
from guardian.ports import Credential
from tests.adapters.exchanges.stub import ADMIN, HANDS, WATCH, Raw, Script, Seen

CREDENTIALS = (WATCH, HANDS, ADMIN)


def echo(seen: Seen) -> str:
    """Everything a venue knows about a request, as the real one prints it on a signature error."""
    secrets = " ".join(credential.secret for credential in CREDENTIALS if credential.key in str(seen.headers))
    return f"error sign! origin_string[{seen.headers}] sent {seen.sent} at http://host/?sign=abc {secrets}"


def _json(seen: Seen, code: int, status: int = 200) -> Raw:
    return Raw(orjson.dumps({"retCode": code, "retMsg": echo(seen), "result": {}, "time": 1}), status)


MISBEHAVIOURS: dict[str, Callable[[Seen], Raw]] = {
    "refusal that echoes": lambda seen: _json(seen, 10004),
    "permission refusal that echoes": lambda seen: _json(seen, 10005, 401),
    "transient that echoes": lambda seen: _json(seen, 10016, 500),
    "success that echoes": lambda seen: _json(seen, 0),
    "html that echoes": lambda seen: Raw(echo(seen).encode(), 502),
    "text that echoes": lambda seen: Raw(echo(seen).encode()),
    "code that echoes": lambda seen: Raw(orjson.dumps({"retCode": echo(seen), "retMsg": "x", "time": 1})),
    "hang": lambda _: Raw(b"", delay=1.0),
    "redirect": lambda _: Raw(b"", 302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "empty": lambda _: Raw(b""),
}


def close(number: int) -> CloseOrder:
    return CloseOrder(f"gdn-{number}", "BTC/USDT:USDT", 0, -1, Decimal(1), None)


async def everything_told(script: Script) -> list[object]:
    """Every value that the three ports can give, with the ports themselves."""
    endpoint = script.endpoint(timeout_s=0.2)
    reader = venue("bybit").open_reader(endpoint, WATCH)
    trader, admin = BybitTrader(endpoint, warm_connections=1), venue("bybit").open_admin(endpoint, WATCH.key)
    trader.hold(HANDS)
    await trader.warm()
    told: list[object] = list(
        await asyncio.gather(
            reader.snapshot(),
            reader.audit(),
            *(trader.close_position(close(number)) for number in range(11)),
            trader.cancel("BTC/USDT:USDT", "order-1", conditional=True),
            trader.resolve("BTC/USDT:USDT", "gdn-1"),
            trader.audit(HANDS),
            admin.audit(ADMIN),
            admin.list_keys(ADMIN),
            admin.fence(ADMIN, "BOT"),
            admin.restore(ADMIN, "BOT", (("read_only", "false"), ("ips", "[]"), ("permissions", "{}"))),
            admin.delete(ADMIN, "BOT"),
        )
    )
    assert script.url not in repr(told)
    told += [reader, trader, admin, vars(trader), vars(reader)]
    for port in (reader, trader, admin):
        await port.close()
    return told


@pytest.mark.parametrize("name", MISBEHAVIOURS)
async def test_no_secret_leaves_in_a_value_a_repr_or_a_log(
    script: Script, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in list(script.answers):
        script.says(path, MISBEHAVIOURS[name])
    for path in ("order/create", "order/create-batch", "order/cancel", "user/query-api", "user/sub-apikeys"):
        script.says(f"/v5/{path}", MISBEHAVIOURS[name])
    for path in ("user/query-sub-members", "user/update-sub-api", "user/delete-sub-api"):
        script.says(f"/v5/{path}", MISBEHAVIOURS[name])

    told = await everything_told(script)

    text = "\n".join(repr(value) for value in told) + caplog.text
    signatures = {seen.headers["X-BAPI-SIGN"] for seen in script.seen if "X-BAPI-SIGN" in seen.headers}
    assert signatures
    for secret in (*(credential.secret for credential in CREDENTIALS), *signatures):
        assert secret not in text


async def test_failures_of_the_transport_carry_no_address_and_no_cause(script: Script) -> None:
    """A traceback prints causes too: the chain must end at our own error."""
    wire = Wire(script.endpoint(url="http://127.0.0.1:9"), "bybit")

    with pytest.raises(VenueError) as failure:
        await wire.call("privateGetV5PositionList", {"category": "linear"}, WATCH)

    assert failure.value.code == "network"
    assert failure.value.__suppress_context__
    assert failure.value.__cause__ is None
    assert "127.0.0.1" not in str(failure.value)
    await wire.close()


@pytest.mark.parametrize(
    "credential", [Credential("", ""), Credential("KEY", "-----BEGIN PRIVATE KEY-----\nno")]
)
async def test_a_credential_that_cannot_sign_is_told_without_showing_it(
    script: Script, credential: Credential
) -> None:
    wire = Wire(script.endpoint(), "bybit")

    with pytest.raises(VenueError) as failure:
        await wire.call("privateGetV5PositionList", {"category": "linear"}, credential)

    assert failure.value.code == "unsignable"
    assert "PRIVATE" not in str(failure.value)
    assert script.seen == []
    await wire.close()


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("GET https://api.bybit.com/v5?signature=abc failed", "failed", "api.bybit.com"),
        ('{"apiKey": "PUBLIC", "note": "x"}', "note", "PUBLIC"),
        ("X-BAPI-SIGN: 0123abcd rest", "rest", "0123abcd"),
        (f"sign {'ab' * 32} end", "end", "abab"),
        ("secret=s3cr3t&symbol=BTCUSDT", "BTCUSDT", "s3cr3t"),
        ("two\nlines\x1b[31m", "two lines", "\x1b"),
    ],
)
def test_redaction_takes_what_is_secret_and_leaves_the_reason(text: str, kept: str, gone: str) -> None:
    told: Any = redact(text)

    assert kept in told
    assert gone not in told


def test_redaction_knows_a_secret_in_any_of_its_spellings() -> None:
    told = redact("a+b/c== and a%2Bb%2Fc%3D%3D", ("a+b/c==",))

    assert told == "*** and ***"
