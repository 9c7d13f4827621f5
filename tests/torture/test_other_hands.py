"""Hands that are not the bot's

On the wire; the one command that a person types is a real process.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from guardian.demo.receivers import Receivers
from guardian.sim.world.orders import Side
from tests.integration.troupe import Desk, Venue
from tests.torture.failure import Failure, issue, shows
from tests.torture.stage import CREATE, DRAWDOWN, staged

DEAD_KEY = 10003
LEAK_REPORT = "https://unchainedcrypto.com/3commas-confirms-api-leak-says-no-proof-of-an-inside-job"
ADL_REPORT = "https://www.dablib.com/10-10-the-crash-the-aftermath"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


def exposure(metric: str, limit: float) -> str:
    return (
        DRAWDOWN.replace("metric: drawdown\n  window: hwm", f"metric: {metric}")
        .replace("0.05", f"{limit}")
        .replace("Lost 5 %", "Too much of it")
    )


@shows(
    Failure(
        title="Runaway orders, and 97 messages that nobody read",
        project="Knight Capital",
        sources=("SEC Release 34-70694, 16 October 2013",),
        happened=(
            "On 1 August 2012 a router filled 212 orders with more than 4 million executions in 45 minutes; "
            "over $460 million were lost. 97 e-mails had named the error before the market opened; they were "
            "not designed to be system alerts, and the risk tool was not linked to order entry."
        ),
        instead=(
            "A hard limit on gross exposure is judged on every read of the account. The breach itself fences "
            "the runaway's key at the venue, closes what it bought, and is one critical page whose key names "
            "the incident, committed with the decision itself."
        ),
        uncovered=(
            "Guardian sees by polling: what is bought between two reads is bought. The rate of orders itself "
            "is not a metric yet. And 97 messages that somebody routes to a channel that nobody reads stay "
            "unread."
        ),
    )
)
async def test_a_runaway_is_fenced_and_paged_by_the_limit_itself(tmp_path: Path):
    receivers = Receivers("T0/B0/secret", ROUTING_KEY)
    await receivers.start()
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "pagerduty").touch(0o600)
    (tmp_path / "keys" / "pagerduty").write_text(ROUTING_KEY)
    page = f"{{pagerduty: {{routing_key: file:keys/pagerduty, base_url: '{receivers.pagerduty_base}'}}}}"
    routes = f"channels:\n  page: {page}\nroutes:\n  - {{level: halt, to: [page]}}\n"
    try:
        async with staged(tmp_path, exposure("gross_exposure", 2.3), routes) as stage:
            bought = len(stage.books["executions"])
            stage.bot.qty, stage.bot.pause = "0.1", 0.02
            stage.bot.start()
            await stage.until(lambda: not stage.sizes and stage.bot_key["read_only"], "flat and fenced")
            await stage.until(lambda: stage.bot.codes[-1] != "0", "the runaway is refused")
            await stage.until(lambda: receivers.inbox.pages, "paged")

            (first, *_) = receivers.inbox.of("pagerduty")
            assert stage.level == "FLATTEN"
            assert first.body["payload"]["severity"] == "critical"
            assert first.body["dedup_key"].startswith("guardian/torture/desk/dd/")
            assert len([r for r in stage.books["executions"][bought:] if r["role"] == "bot"]) < 40
            assert stage.books["sign_flips"] == 0
    finally:
        await receivers.stop()


@shows(
    Failure(
        title="Leaked keys that trade and never withdraw",
        project="3Commas",
        sources=(
            f"[press report, December 2022]({LEAK_REPORT})",
            issue("ccxt/node-binance-api", 647),
        ),
        happened=(
            "About 100,000 API keys leaked. They could not withdraw, so the accounts were drained by trades, "
            "for weeks, while the leak was denied. The remedy in the end was to revoke every key."
        ),
        instead=(
            "One command: `guardian lockout`. The leaked key is fenced first, the account closed, and the "
            "key deleted at the venue and proven dead: absent from two complete listings, and a request "
            "signed with it is answered `10003`."
        ),
        uncovered=(
            "Guardian does not detect that somebody else is using the key: there is no rule yet for foreign "
            "orders, unknown symbols or changed addresses. A person, or a limit on loss or exposure, has to "
            "pull."
        ),
    )
)
@pytest.mark.process
def test_one_command_closes_the_account_and_kills_the_leaked_key(tmp_path: Path):
    venue = Venue("--seed", "11")
    desk = Desk(tmp_path, venue)
    try:
        desk.write_keys()
        desk.configure()
        desk.run()
        desk.warm()
        order = {
            "category": "linear",
            "symbol": "BTCUSDT",
            "side": "Buy",
            "orderType": "Market",
            "qty": "0.05",
        }
        stolen = venue.signed("bot", "POST", "/v5/order/create", order)["retCode"]

        said = desk.cli("lockout", "desk", "--confirm", "desk")

        assert stolen == 0, "the thief traded"
        assert said.code == 0, said.err
        assert venue.books()["positions"] == []
        assert venue.books()["orders"] == []
        assert venue.signed("bot", "POST", "/v5/order/create", order)["retCode"] == DEAD_KEY
        assert venue.probe() == DEAD_KEY
        assert venue.bot_key()["deleted"]
    finally:
        desk.close()
        venue.close()


@shows(
    Failure(
        title="One leg of a hedge is taken away",
        project="the crash of 10 October 2025",
        sources=(
            "[report on auto-deleveraging that day](https://www.dablib.com/10-10-the-crash-the-aftermath)",
        ),
        happened=(
            "About $19 billion of positions were liquidated in a day. Venues closed profitable shorts by "
            "auto-deleveraging, and traders who were hedged found themselves with the other leg alone, in "
            "the fall."
        ),
        instead=(
            "Net exposure is judged from the positions that the venue lists, not from the orders that "
            "somebody sent. A leg that disappears without an order of anybody's is a breach at the next "
            "read, and the leg that is left is closed by an order whose price is bound to the mark, not to "
            "the last print."
        ),
        uncovered=(
            "What the capped order leaves open goes at market on the next try. A hedge across two accounts "
            "is not seen as one: portfolio rules are not there yet."
        ),
    )
)
async def test_the_leg_that_is_left_is_closed_at_the_next_read(tmp_path: Path):
    async with staged(tmp_path, exposure("net_exposure", 0.25), positions=0) as stage:
        world, account = stage.venue.world, stage.venue.tenants[0].account
        for order in list(account.open_orders.values()):
            world.cancel(account, order, stage.venue.clock())
        world.switch_mode(account, "BTCUSDT", True)
        stage.place("BTCUSDT", Side.BUY, "1", index=1)
        stage.place("BTCUSDT", Side.SELL, "1", index=2)
        await stage.judged()
        hedged = stage.level

        taken_at = stage.now()
        stage.place("BTCUSDT", Side.BUY, "1", index=2, reduce_only=True)  # the venue's own hand: ADL
        await stage.until(lambda: not stage.sizes, "flat")

        mark = world.markets["BTCUSDT"].mark
        (close,) = [account.by_link[row["order_link_id"]] for row in stage.requests("hands", CREATE)]
        assert hedged == "NORMAL"
        assert 1 <= stage.reads_to_breach(taken_at) <= 2
        assert close.price is not None
        assert close.price >= mark * Decimal("0.98"), "capped at the mark less the configured slippage"
