"""Kill switches that fail when they are pulled

On the wire, against a bot that fights; the killed process is a real one.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.core.events import Demanded
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.metric import View
from guardian.core.model import Level, Measured
from guardian.runtime import loop as loop_module
from guardian.runtime.permit import LEASE
from tests.core import build
from tests.integration.troupe import Desk, Venue, crossings, executed
from tests.shell.fakes import open_shell
from tests.torture.failure import Failure, issue, shows, source
from tests.torture.stage import CREATE, FENCE, staged
from tests.web.test_dropin import FILE, pasted

DEAD_KEY = "10003"


@shows(
    Failure(
        title="The kill switch raises, and the bot goes on",
        project="hummingbot",
        sources=(issue("hummingbot/hummingbot", 2534),),
        happened=(
            "The kill switch fired, raised an AttributeError before it stopped anything, logged it, and "
            "tried again ten seconds later. Orders were created all the while."
        ),
        instead=(
            "Every fence, cancel and close is a task of its own with its own deadline, and none can raise "
            "into another. Here the first closes are answered 503 and the first fences die with their "
            "connection, while the bot buys ten times a second: what failed is planned again, the bot's key "
            "ends read-only at the venue, and the account ends flat."
        ),
    )
)
async def test_a_switch_whose_first_pulls_all_fail_still_ends_flat_and_fenced(tmp_path: Path):
    async with staged(tmp_path) as stage:
        stage.fault("status", CREATE, key="hands", code=503, count=4)
        stage.fault("drop_before", FENCE, key="admin", count=2)
        stage.bot.start()

        stage.crash(0.07)
        await stage.until(lambda: stage.claims_flat, "verified flat")

        assert stage.told() == 6, "every planted failure was met"
        assert stage.bot_key["read_only"]
        assert stage.sizes == {}
        assert stage.bot.codes[0] == "0"
        assert stage.bot.codes[-1] != "0", "ended by the fence, not by the bot's good will"
        assert stage.books["sign_flips"] == 0


@shows(
    Failure(
        title="The stop that the kill switch begins ends the kill switch",
        project="hummingbot",
        sources=(source("hummingbot/hummingbot", "hummingbot/core/utils/kill_switch.py"),),
        happened=(
            "Stopping the application stops the kill switch with it: its `stop()` cancels its own checking "
            "task. From then on nobody watches whether the stop succeeds, and inventory is never closed."
        ),
        instead=(
            "Whoever stops guardian in the middle of an incident only pauses it. Every intent was in the "
            "journal before it was sent; the next start resumes the same incident, closes the rest, and "
            "closes nothing twice. Here the process is killed with SIGKILL while its orders hang at the "
            "venue."
        ),
        uncovered=(
            "Guardian does not start itself again: that is the supervisor's work (systemd, compose, "
            "Kubernetes)."
        ),
    )
)
@pytest.mark.process
def test_killed_in_the_middle_of_its_own_kill_it_finishes_it(tmp_path: Path):
    venue = Venue("--seed", "11")
    desk = Desk(tmp_path, venue)
    try:
        desk.write_keys()
        desk.configure()
        desk.run()
        desk.warm()
        before = venue.sizes()
        venue.fault(effect="hang", match=CREATE, key="hands", when="before", seconds=1.5, count=5)
        desk.operate("demand", level="flatten", reason="test")
        desk.until(lambda: any(CREATE in r["path"] for r in venue.truth()["requests"]), 10, "orders are out")
        code = desk.incident()["id"]

        desk.kill()
        desk.run()
        desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 25, "flat after the restart")

        books = venue.books()
        assert desk.incident()["id"] == code, "the same incident"
        assert desk.level() == "FLATTEN"
        assert books["positions"] == []
        assert executed(books) == {symbol: -size for symbol, size in before.items()}, "nothing twice"
        assert crossings(books) == []
    finally:
        desk.close()
        venue.close()


@shows(
    Failure(
        title="The risk callback raises, and the trade is placed",
        project="freqtrade",
        sources=(source("freqtrade/freqtrade", "freqtrade/freqtradebot.py"),),
        happened=(
            "`confirm_trade_entry`, where people put their own risk checks, is called through a wrapper with "
            "`default_retval=True`: a check that raises is logged, and the trade is placed."
        ),
        instead=(
            "A permit is a lease that only a decision extends. When guardian itself fails to decide, the old "
            "state stays in force and the lease runs out; the callback that docs/permits.md gives to "
            "freqtrade answers False for an expired permit and catches every error of its own."
        ),
        uncovered=(
            "A permit asks the bot. A bot that does not ask is stopped by the fence, at FLATTEN, and not "
            "before. A rule of guardian's own that raises is blind and says so; the others go on."
        ),
    )
)
async def test_a_guardian_that_cannot_decide_gives_no_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(state: Any, event: Any) -> Any:
        raise AttributeError("a defect in the risk check")

    shell = open_shell(tmp_path)
    shell.start(build.rule())
    shell.see(1)
    await shell.run()
    shell.runtime.renew_permits()
    confirm = pasted(FILE, str(tmp_path / f"permit-{build.ACCOUNT}.json"))
    until = shell.runtime.parts.permits.expires_at(build.ACCOUNT)
    real = loop_module.step

    monkeypatch.setattr(loop_module, "step", broken)
    for seconds in range(2, 60):
        shell.see(seconds)
        await shell.run(1)
        shell.runtime.renew_permits()
    extended = shell.runtime.parts.permits.expires_at(build.ACCOUNT)
    monkeypatch.setattr(loop_module, "step", real)
    await shell.run()

    assert until is not None
    assert extended is not None
    assert extended - until < LEASE, "not extended for longer than it takes to notice"
    assert extended < shell.clock.now(), "it has run out"
    assert confirm() is False
    (tmp_path / f"permit-{build.ACCOUNT}.json").write_text('{"trade": true, "expires_at": 12}')
    assert confirm() is False, "nonsense raises inside the callback, and is no permission"


@pytest.mark.parametrize("pulled_by", ["another rule", "an operator"])
async def test_one_rule_that_raises_stops_no_other_rule_and_no_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pulled_by: str
):
    """The same failure inside guardian: one check with a defect must not be the end of all the others."""

    def broken(view: View) -> Measured:
        raise ZeroDivisionError("a defect in one metric")

    shell = open_shell(tmp_path)
    shell.start(build.rule(), build.rule(build.rung(9, "halt"), id="net", metric="net_exposure"))
    for second in range(1, 7):
        shell.see(second, positions=(build.position(build.BTC, 1, 100),))
    await shell.run()

    monkeypatch.setitem(BY_NAME, "net_exposure", replace(BY_NAME["net_exposure"], measure=broken))
    if pulled_by == "an operator":
        shell.runtime.post(Demanded(shell.clock.now(), build.ACCOUNT, Level.FLATTEN, "anna", "test"))
    else:
        shell.see(8, positions=(build.position(build.BTC, 1, 40, entry=100),))
    await shell.run()

    assert shell.level >= Level.FLATTEN
    assert shell.hands.closes
    assert shell.post.offered or shell.disk.outgoing, "and people hear of the defect"


@shows(
    Failure(
        title="Force-exit of all positions ends at the first error",
        project="freqtrade",
        sources=(source("freqtrade/freqtrade", "freqtrade/rpc/rpc.py"),),
        happened=(
            "`/forceexit all` walks over the open trades in one loop without a try: the first exit that "
            "raises leaves all those behind it open. An exit that returns False is not noticed at all."
        ),
        instead=(
            "Every position has its own close, sent at once, with its own outcome. One that is refused four "
            "times delays none of the others and is tried until the venue shows it closed."
        ),
    )
)
async def test_one_refused_close_delays_none_of_the_others(tmp_path: Path):
    async with staged(tmp_path) as stage:
        largest = max(stage.books["positions"], key=lambda leg: abs(Decimal(leg["notional"])))["symbol"]
        stage.fault("ret_code", CREATE, key="hands", symbol=largest, code=10016, count=4)

        await stage.operate("demand", level="flatten", reason="test")
        await stage.until(lambda: set(stage.sizes) == {largest}, "all but the refused one")
        refused = stage.told()
        await stage.until(lambda: not stage.sizes, "flat", 25)

        assert 0 < refused, "the refused close was among the first"
        assert stage.told() == 4


@shows(
    Failure(
        title="The key is revoked, and the stop with it",
        project="freqtrade",
        sources=(issue("freqtrade/freqtrade", 6783),),
        happened=(
            "The exchange had let an API key expire. The bot could neither close nor place its stops, and "
            "said so in a log only; positions were found at -89 % with a stop loss of 25 % configured."
        ),
        instead=(
            "Guardian's keys are not the bot's. With the bot's key deleted at the venue and no stop left, "
            "the limit on the account's equity closes everything with guardian's own hands once 5 % are "
            "lost."
        ),
        uncovered=(
            "That the bot's key has vanished is not itself a page; an unprotected position is one with "
            "`unprotected_exposure`."
        ),
    )
)
async def test_a_dead_bot_key_leaves_no_position_without_a_limit(tmp_path: Path):
    async with staged(tmp_path) as stage:
        world, tenant = stage.venue.world, stage.venue.tenants[0]
        equity = Decimal(stage.books["equity"])
        for order in list(tenant.account.open_orders.values()):
            world.cancel(tenant.account, order, stage.venue.clock())
        tenant.keys["bot"].deleted_at = stage.venue.clock()
        answer = await stage.bot.buy("0.01")

        for _ in range(18):
            stage.crash(0.05)  # eighteen times five percent: what nobody stopped
            await stage.judged()
            if stage.level == "FLATTEN":
                break
        await stage.until(lambda: not stage.sizes, "flat")

        lost = 1 - Decimal(stage.books["equity"]) / equity
        assert answer == DEAD_KEY, "the bot can do nothing any more"
        assert stage.level == "FLATTEN"
        assert lost < Decimal("0.15")
