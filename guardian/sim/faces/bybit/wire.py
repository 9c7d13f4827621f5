"""Reading what a client sent and writing what Bybit writes: numbers as strings, cursors, envelopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import unquote

from guardian.sim.faces.bybit.codes import PARAMS, BybitProblem
from guardian.sim.world.account import Account
from guardian.sim.world.engine import World
from guardian.sim.world.keys import ApiKey

Params = Mapping[str, Any]
T = TypeVar("T")

LARGEST = Decimal("1e18")


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated (or public) call as an endpoint sees it; `now` is the venue's time in ms.

    `allowed` is how many orders of a batch the rate limit still permits.
    """

    world: World
    now: int
    params: Params
    key: ApiKey | None = None
    account: Account | None = None
    allowed: int = 20

    @property
    def me(self) -> Account:
        assert self.account is not None, "private endpoints are only reached with an account"
        return self.account

    @property
    def caller(self) -> ApiKey:
        assert self.key is not None, "private endpoints are only reached with a key"
        return self.key


@dataclass(frozen=True, slots=True)
class Reply:
    """An endpoint's answer: `result`, and `ext` (retExtInfo) for batches."""

    result: Any
    ext: Any = None
    text: str = "OK"


def envelope(code: int, text: str, result: Any, now: int, ext: Any = None) -> dict[str, Any]:
    return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": ext or {}, "time": now}


def plain(value: Decimal) -> str:
    """A number as Bybit writes it: no exponent, no trailing zeros."""
    if value == 0:
        return "0"
    return format(value.normalize(), "f")


def money(value: Decimal) -> str:
    """A wallet amount: at most eight decimals."""
    return plain(value.quantize(Decimal("0.00000001")))


def stepped(value: Decimal, step: Decimal) -> str:
    """A number with as many decimals as its tick or lot."""
    return format(value.quantize(step), "f")


def text_of(params: Params, name: str, default: str = "") -> str:
    value = params.get(name)
    return default if value is None else str(value)


def required(params: Params, name: str) -> str:
    value = text_of(params, name)
    if not value:
        raise BybitProblem(PARAMS, f"params error: {name} is required")
    return value


def decimal_of(params: Params, name: str) -> Decimal | None:
    """A number given as a string; absent, null and "" are None."""
    raw = params.get(name)
    if raw is None or raw == "":
        return None
    if isinstance(raw, bool):
        raise BybitProblem(PARAMS, f"params error: {name} invalid")
    try:
        value = Decimal(str(raw))
    except InvalidOperation:
        raise BybitProblem(PARAMS, f"params error: {name} invalid") from None
    if not value.is_finite() or not 0 <= value < LARGEST:
        raise BybitProblem(PARAMS, f"params error: {name} invalid")
    return value


def int_of(params: Params, name: str, default: int) -> int:
    value = decimal_of(params, name)
    if value is None:
        return default
    if value != value.to_integral_value():
        raise BybitProblem(PARAMS, f"params error: {name} invalid")
    return int(value)


def flag_of(params: Params, name: str) -> bool:
    value = params.get(name)
    if value in (None, "", False, "false"):
        return False
    if value in (True, "true"):
        return True
    raise BybitProblem(PARAMS, f"params error: {name} invalid")


def page_size(params: Params, default: int, most: int) -> int:
    """The page size, clipped to the documented range as the real venue does."""
    return max(1, min(most, int_of(params, "limit", default)))


def paged(rows: Sequence[T], mark: Callable[[T], int], params: Params, size: int) -> tuple[list[T], str]:
    """One page of rows sorted by falling `mark`, and the cursor of the next ("" when this was the last).

    A cursor names the last row that was given, so rows that vanish in between shift nothing.
    """
    after = _cursor_mark(text_of(params, "cursor"))
    rest = [row for row in rows if after is None or mark(row) < after]
    page = rest[:size]
    more = len(rest) > size
    return page, f"page_args%3D{mark(page[-1])}%26" if more else ""


def _cursor_mark(cursor: str) -> int | None:
    if not cursor:
        return None
    digits = unquote(unquote(cursor)).removeprefix("page_args=").rstrip("&")
    if not digits.lstrip("-").isdigit():
        raise BybitProblem(PARAMS, "params error: cursor invalid")
    return int(digits)
