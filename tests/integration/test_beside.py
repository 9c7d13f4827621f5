"""A real guardian sees the market and what was done on its account, also across a SIGKILL."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import orjson
import pytest

from tests.integration.conftest import OpenDesk
from tests.integration.troupe import Desk

pytestmark = pytest.mark.process

PACE = "poll: {snapshot: 200ms, market: 1s, activity: 1s}"


def quick(desk: Desk) -> Desk:
    desk.config.write_text(desk.config.read_text().replace("poll: {snapshot: 200ms}", PACE))
    return desk


def trade(desk: Desk, link: str) -> None:
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.010"}
    answer = desk.venue.signed("bot", "POST", "/v5/order/create", {**order, "orderLinkId": link})
    assert answer["retCode"] == 0, answer


def journaled(desk: Desk, kind: str) -> list[dict[str, Any]]:
    with sqlite3.connect(f"file:{desk.root / 'state/journal.db'}?mode=ro", uri=True) as db:
        bodies = db.execute("select body from records where kind = ? order by seq", (kind,)).fetchall()
    return [orjson.loads(body)["event"][kind] for (body,) in bodies]


def told_fills(desk: Desk) -> list[str]:
    return [fill["client_id"] for seen in journaled(desk, "activity") for fill in seen["fills"] or ()]


def test_status_tells_the_age_of_what_is_seen_beside_the_snapshots(open_desk: OpenDesk) -> None:
    desk = quick(open_desk())
    desk.run()
    desk.until(lambda: desk.account()["market"]["quotes_age_s"] is not None, 20, "a look at the market")
    desk.until(lambda: desk.account()["activity"]["fills_age_s"] is not None, 20, "a look at what was done")

    account, text = desk.account(), desk.command("status").out

    held = {position["symbol"] for position in account["positions"]}
    assert account["market"]["quotes"] >= len(held) > 0
    assert account["market"]["books"] >= len(held)
    assert account["market"]["quotes_age_s"] < 5
    assert "beside: prices" in text
    (last, *_) = reversed(journaled(desk, "market"))
    assert last["problem"] == ""
    assert held <= {quote["symbol"] for quote in last["quotes"]}


def test_a_fill_is_known_at_once_and_one_during_an_absence_after_it(open_desk: OpenDesk) -> None:
    desk = quick(open_desk())
    desk.run()
    desk.until(lambda: desk.account()["activity"]["fills_age_s"] is not None, 20, "watching what is done")
    trade(desk, "ft-seen")
    desk.until(lambda: "ft-seen" in told_fills(desk), 20, "the fill")
    desk.kill()
    trade(desk, "ft-away")
    desk.run()
    desk.until(lambda: "ft-away" in told_fills(desk), 20, "the fill of the absence")
    time.sleep(2)

    status = desk.account()["activity"]
    assert (status["fills"], status["orders"]) == (2, 2), "each once, though some came twice"


def test_without_a_market_the_account_is_watched_all_the_same(open_desk: OpenDesk) -> None:
    """Prices and books are beside the point: a venue whose public endpoints hang delays no read."""
    desk = quick(open_desk())
    desk.venue.fault(effect="hang", match="/v5/market/tickers", seconds=60)
    desk.venue.fault(effect="hang", match="/v5/market/orderbook", seconds=60)
    desk.venue.fault(effect="hang", match="/v5/execution/list", seconds=60)
    desk.run()
    for kind in ("market", "activity"):
        desk.until(lambda kind=kind: bool(journaled(desk, kind)), 30, f"the {kind} that failed")

    ages = []
    for _ in range(20):
        ages.append(desk.account()["data_age_s"])
        time.sleep(0.1)

    assert max(ages) < 2
    assert desk.account()["market"]["quotes_age_s"] is None
    assert desk.account()["activity"]["fills_age_s"] is None
    (market, *_), (activity, *_) = journaled(desk, "market"), journaled(desk, "activity")
    assert (market["quotes"], market["books"], activity["fills"]) == (None, None, None)
    assert "timeout" in market["problem"]
    assert activity["problem"].startswith("executions: timeout")
