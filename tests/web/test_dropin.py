"""The lines that docs/permits.md asks people to paste do what it says: in doubt, do not open."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from guardian.core.breaker import LAWS
from guardian.core.model import Level
from guardian.runtime.permit import LEASE, UNSEEN, Permit, PermitBook
from tests.web.told import Told, serving

PAGE = Path(__file__).resolve().parents[2] / "docs" / "permits.md"
URL = "http://127.0.0.1:8787/v1/permit/bybit-main"
FILE = "/var/lib/guardian/permit-bybit-main.json"
FREQTRADE = [
    "self",
    "pair",
    "order_type",
    "amount",
    "rate",
    "time_in_force",
    "current_time",
    "entry_tag",
    "side",
    "kwargs",
]

CASES = [
    pytest.param(Permit(LAWS[Level.NORMAL].permit, 1.0), 0.0, True, id="normal"),
    pytest.param(Permit(LAWS[Level.CAUTION].permit, 0.5), 0.0, True, id="caution"),
    pytest.param(Permit(LAWS[Level.HALT].permit, 0.0), 0.0, False, id="reduce-only"),
    pytest.param(Permit(LAWS[Level.FLATTEN].permit, 0.0), 0.0, False, id="halt"),
    pytest.param(Permit(symbols=("BTC/USDT:USDT",)), 0.0, False, id="this symbol only reduces"),
    pytest.param(Permit(symbols=("ETH/USDT:USDT",)), 0.0, True, id="another symbol only reduces"),
    pytest.param(UNSEEN, 0.0, False, id="never read"),
    pytest.param(Permit(), LEASE.total_seconds() - 5, True, id="nearly expired"),
    pytest.param(Permit(), LEASE.total_seconds() + 1, False, id="expired"),
]


def pasted(here: str, there: str) -> Callable[[], bool]:
    """The block of the page that names `here`, inside a class, asked as freqtrade asks it."""
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if here in b]
    names: dict[str, Any] = {}
    exec(block.replace(here, there), names)  # noqa: S102 - this is what people do with it
    confirm = names["confirm_trade_entry"]
    assert FREQTRADE == list(inspect.signature(confirm).parameters)
    strategy = type("Strategy", (), {"confirm_trade_entry": confirm})()
    now = datetime.now(UTC)

    def ask() -> bool:
        answer = strategy.confirm_trade_entry(
            "BTC/USDT:USDT", "limit", 0.1, 100.0, "GTC", now, entry_tag=None, side="long", more=1
        )
        assert isinstance(answer, bool)
        return answer

    return ask


def book(folder: Path, permit: Permit, age_s: float) -> PermitBook:
    """A book whose lease was last extended `age_s` ago."""
    made = PermitBook(folder, lambda: datetime.now(UTC) - timedelta(seconds=age_s))
    made.adopt({"main": permit})
    return made


@pytest.mark.parametrize(("permit", "age_s", "may"), CASES)
async def test_over_http(tmp_path: Path, permit: Permit, age_s: float, may: bool) -> None:
    permits = {"main": book(tmp_path, permit, age_s).document("main")}
    async with serving(Told(permits=permits)) as server:
        ask = pasted(URL, f"http://127.0.0.1:{server.port}/v1/permit/main")

        assert may is await asyncio.to_thread(ask)

    assert False is await asyncio.to_thread(ask), "the server is gone"


@pytest.mark.parametrize(("permit", "age_s", "may"), CASES)
def test_through_the_file(tmp_path: Path, permit: Permit, age_s: float, may: bool) -> None:
    ask = pasted(FILE, str(tmp_path / "permit-main.json"))
    assert False is ask(), "no file yet"

    book(tmp_path, permit, age_s).write("main")
    assert may is ask()

    (tmp_path / "permit-main.json").write_text('{"trade": true')
    assert False is ask(), "half a file is no permit"


async def test_an_account_that_guardian_does_not_know_may_not_open() -> None:
    async with serving(Told()) as server:
        ask = pasted(URL, f"http://127.0.0.1:{server.port}/v1/permit/main")

        assert False is await asyncio.to_thread(ask)


async def test_a_server_that_never_answers_is_a_no_within_two_seconds() -> None:
    """A bot must not hang in guardian's hands."""
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(10), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    ask = pasted(URL, f"http://127.0.0.1:{port}/v1/permit/main")

    async with asyncio.timeout(8):
        assert False is await asyncio.to_thread(ask)
    silent.close()
