"""The bot and the referee against the real simulated venue: the demo is worth nothing if the bot gives up."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from guardian.demo.client import bybit
from guardian.demo.folder import Folder, fresh, write_keys
from guardian.demo.referee import DEAD_KEY_CODE, Referee, Truth, judge
from guardian.demo.stage import _bot_arguments, _start_venue
from guardian.demo.troupe import Actor, Troupe

pytestmark = pytest.mark.process


@pytest.fixture
async def troupe(tmp_path: Path) -> AsyncIterator[Troupe]:
    folder = fresh(tmp_path / "run")
    ours = Troupe(folder.root)
    yield ours
    await ours.stop_all()


async def until(look: Callable[[], Any], good: Callable[[Any], object], seconds: float = 8.0) -> Any:
    """The first look that is good; the last one when none is."""
    async with asyncio.timeout(seconds):
        while True:
            seen = await look()
            if good(seen):
                return seen
            await asyncio.sleep(0.1)


async def start_bot(
    troupe: Troupe, folder: Path, url: str
) -> tuple[Actor, Callable[[], list[dict[str, Any]]]]:
    bot = await troupe.start("bot", _bot_arguments(url))
    log = folder / "logs" / "bot.jsonl"

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    async def read() -> list[dict[str, Any]]:
        return lines()

    await until(read, lambda seen: any(line["what"] == "target" for line in seen), 15.0)
    return bot, lines


async def test_the_bot_reopens_ignores_sigterm_and_fights_a_fenced_and_a_deleted_key(
    troupe: Troupe, tmp_path: Path
) -> None:
    """Exactly what guardian must overcome: only the fence stops its orders, only SIGKILL stops it."""
    venue = await _start_venue(troupe, 11)
    account = venue["accounts"][0]
    folder = tmp_path / "run"
    write_keys(Folder(folder), account)
    referee = Referee(venue["url"], account["name"], account["bot"]["key"], account["bot"]["secret"])
    hands = bybit(venue["url"], account["hands"]["key"], account["hands"]["secret"])
    admin = bybit(venue["url"], account["admin"]["key"], account["admin"]["secret"])
    try:
        bot, lines = await start_bot(troupe, folder, venue["url"])
        before = await referee.truth()

        bot.process.send_signal(signal.SIGTERM)
        await close_one(hands, before)
        await until(referee.truth, lambda truth: len(truth.quantities) == 5 and truth.asked)
        assert await referee.probe() == "0"

        key = {"apikey": account["bot"]["key"]}
        await admin.private_post_v5_user_update_sub_api({**key, "readOnly": 1, "ips": "*"})
        await close_one(hands, before)
        await until(
            referee.truth, lambda truth: judge(truth, referee.bot_key, None).bot_orders_refused_after_fence
        )
        await admin.private_post_v5_user_delete_sub_api(key)
        await asyncio.sleep(1.0)
        found = judge(await referee.truth(), referee.bot_key, before.at)

        assert await referee.probe() == DEAD_KEY_CODE
        assert bot.code is None
        assert "sigterm ignored" in [line["what"] for line in lines()]
        assert found.bot_orders_accepted_after_fence == 0
        assert found.bot_orders_refused_after_fence >= 2
        assert found.positions_left == 4
        assert found.flat_s is None
        refused = {line["code"] for line in lines() if line["what"] == "order" and line["code"] != "0"}
        assert {"10005", DEAD_KEY_CODE} <= refused
        assert account["bot"]["secret"] not in (folder / "logs" / "bot.jsonl").read_text()
    finally:
        for client in (hands, admin, referee):
            await client.close()


async def close_one(hands: Any, book: Truth) -> None:
    """Close the largest position with the hands key, as guardian would."""
    symbol = max(book.notionals, key=lambda name: abs(book.notionals[name]))
    order = {
        "category": "linear",
        "symbol": symbol,
        "side": "Sell" if book.quantities[symbol] > 0 else "Buy",
        "orderType": "Market",
        "qty": "0",
        "reduceOnly": True,
        "closeOnTrigger": True,
        "positionIdx": 0,
    }
    await hands.private_post_v5_order_create(order)


async def test_a_pushed_price_is_the_venues_price(troupe: Troupe) -> None:
    venue = await _start_venue(troupe, 12)
    account = venue["accounts"][0]
    referee = Referee(venue["url"], account["name"], account["bot"]["key"], account["bot"]["secret"])
    try:
        before = await referee.truth()

        await referee.push({symbol: price * 0.9 for symbol, price in before.marks.items()})
        after = await referee.truth()

        lost = sum(before.notionals.values()) * 0.1
        assert before.equity - after.equity == pytest.approx(lost, rel=0.001)
        assert after.marks["BTCUSDT"] == pytest.approx(0.9 * before.marks["BTCUSDT"], rel=0.001)
    finally:
        await referee.close()


async def test_the_venue_ends_with_the_troupe(tmp_path: Path) -> None:
    """Ctrl-C must leave nothing behind: no venue, and above all no bot."""
    folder = fresh(tmp_path / "run")
    ours = Troupe(folder.root)
    venue = await _start_venue(ours, 13)

    await ours.stop_all()

    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{venue['url']}/_sim/truth")
    assert venue["accounts"][0]["bot"]["secret"] not in "".join(
        file.read_text() for file in (folder.root / "logs").iterdir()
    )
