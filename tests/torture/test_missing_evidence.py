"""Missing evidence read as safety

The field's shared bug. Mostly in virtual time on the pure core, through the journal's codec.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.config import ConfigError, load_packs
from guardian.core.events import Tick
from guardian.core.model import Level, OnUnknown, Part, Snapshot
from guardian.runtime.permit import UNSEEN
from tests.core import build
from tests.core.build import BTC, ETH, position, read, rule, rung, says, without
from tests.shell.fakes import Eyes, open_shell
from tests.torture.desk import JournaledDesk
from tests.torture.failure import Failure, issue, shows, source
from tests.torture.stage import WALLET, staged

HELD_AT_5 = rung(0.05, "flatten", hold=15.0)
EVERYTHING = tuple(Part)


def losing(second: float) -> Snapshot:
    """Six percent down, and open."""
    return read(second, (position(BTC, 10, 94, entry=100),), cash=1000)


@shows(
    Failure(
        title="One NaN disables the loss limit for good",
        project="Helios-x",
        sources=(issue("Cooper787/Helios-x", 23),),
        happened=(
            "A close price of NaN made the day's profit and loss NaN. Every comparison with NaN is false, so "
            "the daily limit never fired again; and it gated entries only."
        ),
        instead=(
            "A number that is not finite fails its part of the read, where it enters and again in the core. "
            "The equity keeps its last true value and its age, and the next true read is judged as if "
            "nothing had been."
        ),
    )
)
async def test_a_nan_fails_its_read_and_the_next_true_loss_acts(tmp_path: Path):
    async with staged(tmp_path) as stage:
        nan = {"/list/0/totalEquity": "NaN", "/list/0/coin/*/equity": "NaN"}
        stage.fault("replace", WALLET, key="watch", values=nan, count=5)
        await stage.until(lambda: stage.told() == 5, "five poisoned reads")
        equity = stage.account.nav.equity if stage.account.nav else None
        level = stage.level

        stage.crash(0.07)
        await stage.until(lambda: not stage.sizes, "flat")

        assert equity is not None
        assert equity.is_finite()
        assert level == "NORMAL"
        assert stage.level == "FLATTEN"


POISONED = (
    says(read(0, (position(BTC, 10, 100),), cash=1000), "NaN"),
    read(1, (position(BTC, 10, 100), position(ETH, 1, "NaN", entry=100)), cash=1000),
)


def test_a_nan_that_gets_past_the_reader_is_refused_by_the_core_and_replayed_as_it_was():
    """The same poison one door further in: a defect of a reader blinds neither the core nor a restart."""
    desk = JournaledDesk(rule(rung(0.05, "flatten")))
    desk.warm(position(BTC, 10, 100), cash=1000)

    for poisoned in POISONED:
        desk.see(poisoned)
    desk.restart(2)
    quiet = desk.level
    desk.see(losing(3))

    assert quiet is Level.NORMAL
    assert desk.level is Level.FLATTEN


@shows(
    Failure(
        title="A drawdown check that cannot check is skipped",
        project="ml4t-live",
        sources=("ml4t-live 0.1.0a6 on PyPI, `_check_drawdown`",),
        happened=(
            "When the account cannot be read, the drawdown check returns as if it had passed: `except "
            "Exception: return`. Orders go on."
        ),
        instead=(
            "A reader that raises is a read in which every part failed: an event in the journal. After "
            "`stale_after` the rule is `unknown` and demands what its `on_unknown` says; here HALT, and the "
            "permit is reduce-only."
        ),
    )
)
async def test_a_reader_that_raises_halts_new_risk(tmp_path: Path):
    class Broken(Eyes):
        async def snapshot(self) -> Snapshot:
            raise RuntimeError("the client has a defect")

    shell = open_shell(tmp_path)
    shell.start(rule(HELD_AT_5, on_unknown=OnUnknown.HALT))
    for second in range(1, 7):
        shell.see(second)
    await shell.run()
    before = shell.level

    watch = shell.runtime.watches[build.ACCOUNT]
    watch.use(Broken())
    for second in range(7, 20):
        shell.clock.at = build.at(second)
        watch.poll()
        await shell.run(2)

    account = shell.runtime.state.account(build.ACCOUNT)
    assert account is not None
    assert before is Level.NORMAL
    assert {failure.code for failure in account.evidence.failures} == {"bug"}
    assert shell.level is Level.HALT
    assert shell.runtime.parts.permits.get(build.ACCOUNT).mode == "reduce_only"


@shows(
    Failure(
        title="No peak yet, so the drawdown check passes",
        project="agent-trading-guardrails",
        sources=("agent-trading-guardrails 0.1.1 on PyPI",),
        happened="Without a `peak_balance` the drawdown breaker is skipped, and the answer is `passed=True`.",
        instead=(
            "An account that was never read has a permit that allows closing only, and its rules are "
            "`warming`, which is not `clear`."
        ),
    )
)
async def test_an_account_that_was_never_read_may_not_open(tmp_path: Path):
    shell = open_shell(tmp_path)
    shell.start(rule(HELD_AT_5))
    shell.runtime.post(Tick(shell.clock.now()))
    await shell.run()
    shell.runtime.renew_permits()

    account = shell.runtime.state.account(build.ACCOUNT)
    assert account is not None
    assert [own.verdict.value for own in account.rules] == ["warming"]
    assert shell.runtime.parts.permits.get(build.ACCOUNT) == UNSEEN
    assert shell.runtime.parts.permits.document(build.ACCOUNT)["trade"] is False


@shows(
    Failure(
        title="A check that was not called counts as valid",
        project="PX4",
        sources=(source("PX4/PX4-Autopilot", "src/modules/commander/failsafe/framework.cpp"),),
        happened=(
            "A failsafe whose check is not called any more is treated as valid again, and its action is "
            "removed."
        ),
        instead=(
            "A level is never left for want of news. In the middle of a CAUTION everything goes dark for an "
            "hour: CAUTION stays, although CAUTION is the one level that may end by itself."
        ),
    )
)
def test_darkness_ends_no_caution():
    desk = JournaledDesk(rule(rung(0.05, "caution")))
    desk.warm(position(BTC, 10, 100), cash=1000)
    desk.see(losing(0))

    for second in range(1, 3600, 30):
        desk.see(without(losing(second), *EVERYTHING))

    assert desk.levels == ["CAUTION"]
    assert desk.level is Level.CAUTION
    assert desk.verdict() == "unknown"


@shows(
    Failure(
        title="A stale sample sets the count of failures back to zero",
        project="NASA cFS Limit Checker",
        sources=(source("nasa/LC", "fsw/src/lc_action.c"),),
        happened=(
            "An action point fires after N failures in a row, and a stale result zeroes the count: a sensor "
            "that flaps between failing and silent never fires."
        ),
        instead=(
            "A hold is a leaky bucket that silence neither fills nor empties. With nine of ten reads lost a "
            "loss of 6 % still uses up its hold of 15 seconds, and flattens."
        ),
    )
)
def test_a_flapping_feed_still_uses_up_the_hold():
    desk = JournaledDesk(rule(HELD_AT_5, stale_after_seconds=3.0))
    desk.warm(position(BTC, 10, 100), cash=1000)

    verdicts = set()
    for second in range(120):
        seen = losing(second)
        desk.see(seen if second % 10 == 0 else without(seen, *EVERYTHING))
        verdicts.add(desk.verdict())

    assert verdicts == {"pending", "unknown", "breached"}
    assert desk.levels == ["FLATTEN"]


@shows(
    Failure(
        title="A series that vanishes ends its alert",
        project="Prometheus",
        sources=(source("prometheus/prometheus", "rules/alerting.go"),),
        happened=(
            "When the series behind a firing alert disappears, the alert becomes inactive and is resolved."
        ),
        instead=(
            "What fired stays, and its page is not resolved, until evidence says that it is over and, above "
            "CAUTION, an operator says so too."
        ),
    )
)
def test_an_incident_whose_evidence_vanishes_is_not_resolved():
    desk = JournaledDesk(rule(rung(0.05, "halt")))
    desk.warm(position(BTC, 10, 100), cash=1000)
    desk.see(losing(0))

    for second in range(1, 600, 10):
        desk.see(without(losing(second), *EVERYTHING))
    told = build.kinds(desk.effects, "notify")

    assert desk.level is Level.HALT
    assert desk.permit == "reduce_only"
    assert [each.notification for each in told if each.title.startswith("HALT")] == ["trigger"]
    assert [each for each in told if each.notification == "resolve"] == []


@shows(
    Failure(
        title="A rule file that does not load is skipped",
        project="vnpy_riskmanager",
        sources=(source("vnpy/vnpy_riskmanager", "vnpy_riskmanager/engine.py"),),
        happened="A rule that fails to import is written to the log, and trading goes on without that rule.",
        instead=(
            "A pack loads whole or not at all: a first start refuses, with the file, the line and the "
            "nearest name; a restart goes on with the last good rules, and pages."
        ),
    )
)
def test_half_a_pack_is_no_pack(tmp_path: Path):
    good = (
        "- id: {}\n  title: t\n  why: w\n  metric: {}\n  window: hwm\n"
        "  ladder: [{{over: 0.05, level: halt}}]\n"
    )
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "good.yaml").write_text(good.format("good", "drawdown"))
    loaded = [pack.rules for pack in load_packs(("./rules",), tmp_path)]
    (tmp_path / "rules" / "bad.yaml").write_text(good.format("bad", "drawdwon"))

    with pytest.raises(ConfigError, match=r"bad\.yaml:4: .*drawdwon.*drawdown"):
        load_packs(("./rules",), tmp_path)

    assert [rule.id for rules in loaded for rule in rules] == ["integrity", "good"]
