"""The body of `POST /v1/telemetry`: checked here, at the edge, and a plain fact from here on.

Law: nothing that is wrong is taken in part, and no refusal repeats a value: it may be a pasted secret. The
schema in docs/telemetry.schema.json is this model's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin, TwinFill
from guardian.core.memory import MAXIMUM_GAUGES

AHEAD = timedelta(seconds=60)
"""How far a sender's clock may be ahead; what comes from there is taken as of its arrival."""

PAST = timedelta(days=1)
MOST_READINGS = 60
MOST_SIGNALS = 50
MOST_HOLDINGS = 200
MOST_FILLS = 100
MOST_FINDINGS = 20
LARGEST_VALUE = 1e18
LARGEST_MONEY = Decimal(10) ** 15
PAGE = "See docs/telemetry.md for the fields."

PLAIN = re.compile(r"-?\d{1,20}(\.\d{1,18})?", re.ASCII)

FIXES = {
    "extra_forbidden": f"Delete it, or correct its name. {PAGE}",
    "missing": "Add it.",
    "finite_number": "Leave a number out that is not known: what is not told is Unknown, never zero.",
    "timezone_aware": "Write the instant in UTC, such as 2026-03-02T12:00:00Z.",
    "datetime_parsing": "Write the instant in UTC, such as 2026-03-02T12:00:00Z.",
    "datetime_type": "Write the instant as text in UTC, such as 2026-03-02T12:00:00Z.",
    "json_invalid": "Send one JSON object.",
    "decimal_parsing": "Write it as 1234.5, with or without quotes.",
    "future": "Set the sender's clock, or leave `at` out: the arrival counts then.",
    "past": "Tell what is happening; leave `at` out if it is now.",
    "string_pattern_mismatch": "Use the characters that docs/telemetry.md allows here.",
    "empty": "Set heartbeat to true, or tell a gauge, a signal or a twin.",
    "gauges": "Use fewer names; history belongs under one name, with one `at` each.",
}
"""What to do, by the kind of problem."""


def _timely(at: datetime, checked: ValidationInfo) -> datetime:
    """UTC, and near enough to now: a year 1 or 9999 would break every age that is computed from it."""
    now: datetime = checked.context["now"] if checked.context else datetime.now(UTC)
    ahead = at - now
    if ahead > AHEAD:
        raise PydanticCustomError("future", "Instant is more than 60 s in the future")
    if ahead < -PAST:
        raise PydanticCustomError("past", "Instant is more than a day in the past")
    return min(at.astimezone(UTC), now)


def _plain(value: object) -> Decimal:
    """Decimals may come as text, but only as plain as JSON writes a number: no 1_000, no exponent, no ١٢."""
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > LARGEST_VALUE:
            # Before anything is made of it: an integer of JSON may be larger than any float.
            raise PydanticCustomError("out_of_range", "Number is out of range")
        if isfinite(value):
            return Decimal(str(value))
        raise PydanticCustomError("finite_number", "Number is not finite")
    raise PydanticCustomError("decimal_parsing", "Value is not a plain decimal number")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("unprintable", "Text has a character that cannot be printed")
    return text


Name = Annotated[
    str,
    Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Letters, digits, dot, dash and underscore, at most 64.",
    ),
]
Mark = Annotated[
    str, Field(pattern=r"^\S{1,64}$", description="At most 64, no spaces."), AfterValidator(_printable)
]
Instant = Annotated[
    AwareDatetime,
    AfterValidator(_timely),
    Field(description="RFC 3339 with a zone; at most 60 s ahead and a day back. Left out: the arrival."),
]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST_VALUE, le=LARGEST_VALUE)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0, le=LARGEST_VALUE)]
Money = Annotated[Decimal, Field(max_digits=38, ge=-LARGEST_MONEY, le=LARGEST_MONEY), BeforeValidator(_plain)]
Price = Annotated[Decimal, Field(max_digits=38, gt=0, le=LARGEST_MONEY), BeforeValidator(_plain)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class GaugeBody(Strict):
    """One named number, such as a queue's depth."""

    name: Name
    value: Number
    at: Instant | None = None


class SignalBody(Strict):
    """What a strategy wanted, at the price that it saw; `predicted` is what its model expects of the fill."""

    id: Mark
    symbol: Mark
    side: Literal["buy", "sell"]
    price: Price = Field(description="The price that the signal meant.")
    client_id: Mark | None = Field(None, description="The order's client id, which joins it with its fills.")
    predicted: Positive | None = Field(None, description="The price that the model expects of the fill.")
    sigma: Positive | None = Field(None, description="Standard deviation of `predicted`.")
    at: Instant | None = None


class FillBody(Strict):
    """What the twin has traded; the same fill told again counts once."""

    symbol: Mark
    side: Literal["buy", "sell"]
    quantity: Price = Field(description="Contracts.")
    price: Price
    at: Instant = Field(description="When it was filled: RFC 3339 with a zone, a day back at most.")


class TwinBody(Strict):
    """Another book that this account is compared with: `holdings` in signed contracts by symbol."""

    kind: Literal["paper", "master"]
    equity: Money = Field(description="In the account's reporting currency.")
    holdings: Annotated[dict[Mark, Money], Field(max_length=MOST_HOLDINGS)] = Field(
        {}, description="Signed contracts by symbol, as in BTC/USDT:USDT."
    )
    multiplier: Positive = Field(1.0, description="How many times its size this account is meant to be.")
    transferred: Money = Field(
        Decimal(0), description="All that was ever paid in less what was paid out; it is no profit."
    )
    fills: Annotated[tuple[FillBody, ...], Field(max_length=MOST_FILLS)] | None = Field(
        None,
        description="Of `paper`: what it filled of late; told twice counts once. Empty: nothing.",
    )
    at: Instant | None = None


class Message(Strict):
    """What the trading stack tells of one account; `source` names the sender, every part may be left out."""

    account: Name
    source: Name
    heartbeat: bool = Field(False, description="The sender is alive.")
    gauges: Annotated[tuple[GaugeBody, ...], Field(max_length=MOST_READINGS)] = ()
    signals: Annotated[tuple[SignalBody, ...], Field(max_length=MOST_SIGNALS)] = ()
    twins: Annotated[tuple[TwinBody, ...], Field(max_length=2)] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Message:
        if not (self.heartbeat or self.gauges or self.signals or self.twins):
            raise PydanticCustomError("empty", "Message tells nothing")
        if len({gauge.name for gauge in self.gauges}) > MAXIMUM_GAUGES:
            raise PydanticCustomError("gauges", f"Message has more than {MAXIMUM_GAUGES} names of gauges")
        return self


# --- reading one ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a message: `field` is a path such as `gauges[0].value`."""

    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class MessageError(Exception):
    """The message is refused as a whole, for every one of its mistakes (at most twenty are told)."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join(map(str, mistakes[:1])))
        self.mistakes = mistakes


def read_message(body: bytes, now: datetime) -> Telemetry:
    """The fact that a body tells, as of `now`. Raises MessageError."""
    try:
        return _fact(Message.model_validate_json(body, context={"now": now}), now)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    # Outside of the except: pydantic's exception carries what it refused.
    raise MessageError(tuple(_mistake(each) for each in found[:MOST_FINDINGS]))


def schema() -> dict[str, Any]:
    """The JSON schema of a message."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Message.model_json_schema(),
        "title": "guardian telemetry message",
    }


def _mistake(error: ErrorDetails) -> Mistake:
    kind = error["type"]
    return Mistake(_path(error["loc"]), error["msg"], FIXES.get(kind, PAGE))


def _path(steps: tuple[int | str, ...]) -> str:
    """`gauges[0].value`; a name that the sender has chosen is clipped and made printable."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step != "[key]":
            shown = step if step.isprintable() else ascii(step)[1:-1]
            path += ("." if path else "") + (shown if len(shown) <= 40 else shown[:37] + "...")
    return path


def _fact(told: Message, now: datetime) -> Telemetry:
    return Telemetry(
        account=told.account,
        source=told.source,
        heartbeat=told.heartbeat,
        gauges=tuple(Gauge(each.name, each.at or now, each.value) for each in told.gauges),
        signals=tuple(_signal(each, now) for each in told.signals),
        twins=tuple(_twin(each, now) for each in told.twins),
        fills=_fills(told.twins),
    )


def _signal(told: SignalBody, now: datetime) -> Signal:
    return Signal(
        id=told.id,
        at=told.at or now,
        symbol=told.symbol,
        side=1 if told.side == "buy" else -1,
        price=told.price,
        client_id=told.client_id or "",
        predicted=told.predicted,
        sigma=told.sigma,
    )


def _fills(told: tuple[TwinBody, ...]) -> tuple[TwinFill, ...] | None:
    """Those of paper; None where it tells none."""
    rows = [row for twin in told if twin.kind == "paper" for row in twin.fills or ()]
    if not rows and all(twin.fills is None for twin in told if twin.kind == "paper"):
        return None
    return tuple(TwinFill(r.at, r.symbol, 1 if r.side == "buy" else -1, r.quantity, r.price) for r in rows)


def _twin(told: TwinBody, now: datetime) -> Twin:
    holdings = tuple(sorted(told.holdings.items()))
    return Twin(told.kind, told.at or now, told.equity, holdings, told.multiplier, told.transferred)
