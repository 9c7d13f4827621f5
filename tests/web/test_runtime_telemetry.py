"""What the runtime tells is what it knows: a stuck evaluator is not alive, and its leases run out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.core.events import Demanded, Drilled, EffectReported, Outcome, SnapshotTaken
from guardian.core.model import Call, ClockOffset, Level
from guardian.runtime import counters as counters_module
from guardian.runtime.control.telemetry import RuntimeTelemetry
from guardian.runtime.counters import Counters, Durations, code_class
from guardian.runtime.permit import LEASE
from guardian.web.figures import AccountFigures
from guardian.web.metrics import exposition
from tests.core import build
from tests.shell.fakes import Shell, open_shell

BOOK = {"positions": (build.position(build.BTC, 1, 100), build.position(build.ETH, -2, 50))}
CALLS = (
    Call("orders", 0.03),
    Call("orders", 0.04, "10006"),
    Call("orders", 8.0, "timeout", answered=False),
    Call("wallet", 0.2, "http-502"),
)


@pytest.fixture
async def shell(tmp_path: Path) -> Shell:
    made = open_shell(tmp_path)
    for name in ("sent", "failed"):
        setattr(made.post, name, 0)
    made.runtime.parts.desks[build.ACCOUNT].narrow = frozenset({"watch", "hands", "admin"})
    made.start(build.rule())
    made.see(1, **BOOK)
    await made.run()
    return made


@pytest.fixture
def telemetry(shell: Shell) -> RuntimeTelemetry:
    return RuntimeTelemetry(shell.runtime)


def wait(shell: Shell, seconds: float) -> None:
    shell.clock.at += timedelta(seconds=seconds)


def expiry(telemetry: RuntimeTelemetry) -> datetime:
    permit = telemetry.permit(build.ACCOUNT)
    assert permit is not None
    return datetime.fromisoformat(permit["expires_at"])


def account(telemetry: RuntimeTelemetry) -> AccountFigures:
    (only,) = telemetry.figures().accounts
    return only


# --- the lease ---------------------------------------------------------------------------------


async def test_a_lease_is_extended_while_events_are_judged(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    shell.runtime.renew_permits()
    first = expiry(telemetry)
    wait(shell, 5)
    shell.runtime.tick()
    await shell.run()

    shell.runtime.renew_permits()

    assert timedelta(seconds=5) <= expiry(telemetry) - first < timedelta(seconds=6)
    assert expiry(telemetry) <= shell.clock.at + LEASE


async def test_asking_a_stuck_evaluator_extends_nothing(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    """A bot that asks every second must see the lease of a guardian that hangs run out."""
    shell.runtime.renew_permits()
    last = expiry(telemetry)

    for _ in range(50):
        wait(shell, 1)
        shell.runtime.tick()  # the bell rings on, but nobody takes the events
        if shell.clock.at - shell.runtime.judged_at > timedelta(seconds=10):
            shell.runtime.renew_permits()
            assert last == expiry(telemetry)

    assert expiry(telemetry) < shell.clock.at
    assert not telemetry.livez().ok


async def test_the_file_holds_the_same_lease(
    shell: Shell, telemetry: RuntimeTelemetry, tmp_path: Path
) -> None:
    """A disk that wakes up late must not write a lease that begins when it woke up."""
    shell.runtime.renew_permits()
    await shell.run()
    wait(shell, 20)

    shell.runtime.parts.permits.write(build.ACCOUNT)

    assert telemetry.permit(build.ACCOUNT) == json.loads((tmp_path / "permit-main.json").read_text())
    assert expiry(telemetry) - shell.clock.at < timedelta(seconds=11)


async def test_a_level_takes_the_permit_at_once(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    shell.runtime.renew_permits()
    assert telemetry.permit(build.ACCOUNT)["trade"] is True

    shell.runtime.post(Demanded(shell.clock.now(), build.ACCOUNT, Level.FLATTEN, "anna", "test"))
    await shell.run()

    permit = telemetry.permit(build.ACCOUNT)
    assert (False, "halt", 0.0) == (permit["trade"], permit["mode"], permit["size_cap"])
    assert None is telemetry.permit("other")


# --- probes ------------------------------------------------------------------------------------


async def test_alive_means_that_events_are_judged(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    assert telemetry.livez().ok

    wait(shell, 16)

    assert ["nothing has been judged for 16 s"] == list(telemetry.livez().reasons)
    shell.runtime.tick()
    await shell.run()
    assert telemetry.livez().ok


async def test_a_guardian_without_any_rule_still_proves_that_it_judges(tmp_path: Path) -> None:
    shell = open_shell(tmp_path)
    shell.start()
    await shell.run()
    wait(shell, 20)

    shell.runtime.tick()
    await shell.run()

    assert RuntimeTelemetry(shell.runtime).livez().ok


async def test_ready_when_all_is_there(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    assert telemetry.readyz().ok, telemetry.readyz().reasons


async def test_old_evidence_ends_readiness_but_not_liveness(
    shell: Shell, telemetry: RuntimeTelemetry
) -> None:
    wait(shell, 31)
    shell.runtime.tick()
    await shell.run()

    assert telemetry.livez().ok
    (reason,) = telemetry.readyz().reasons
    assert reason.startswith("main: the newest complete read is 31 s old")


@pytest.mark.parametrize("subject", ["key-watch", "custody-0", "channel:ops", "clock", "config"])
async def test_what_an_operator_must_mend_ends_readiness(
    shell: Shell, telemetry: RuntimeTelemetry, subject: str
) -> None:
    shell.runtime.trouble(subject, "planted", False)
    await shell.run()
    assert [f"main: trouble {subject}"] == list(telemetry.readyz().reasons)

    shell.runtime.trouble(subject, "mended", True)
    await shell.run()
    assert telemetry.readyz().ok


async def test_a_key_that_was_not_audited_ends_readiness(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    shell.runtime.parts.desks[build.ACCOUNT].narrow = frozenset({"watch", "admin"})

    assert ["main: the hands key has not passed an audit"] == list(telemetry.readyz().reasons)
    assert (("watch", True), ("hands", False), ("admin", True)) == account(telemetry).keys


async def test_a_journal_that_fails_ends_readiness(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    shell.disk.error = OSError(28, "No space left on device")
    shell.runtime.tick()
    wait(shell, 2)
    shell.runtime.tick()
    await shell.run()

    assert "the journal is not being written" in telemetry.readyz().reasons
    assert not telemetry.figures().journal.ok
    assert telemetry.figures().journal.gap > 0


def test_nothing_is_ready_before_the_configuration_is_in(tmp_path: Path) -> None:
    telemetry = RuntimeTelemetry(open_shell(tmp_path).runtime)

    assert ["main: its configuration has not been taken in yet"] == list(telemetry.readyz().reasons)


# --- figures -----------------------------------------------------------------------------------


async def test_the_account_is_told_as_it_was_read(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    told = account(telemetry)

    assert ("main", "USDT", "normal", True) == (told.name, told.currency, told.level, told.armed)
    assert (1000.0, 200.0, 0.2) == (told.equity, told.gross, told.leverage)
    assert (2, 0) == (told.positions, told.orders)
    assert {"wallet", "positions", "orders", "ledger"} == {part for part, _ in told.evidence}
    assert None is told.drilled_at


async def test_before_the_first_read_nothing_is_told_of_it(tmp_path: Path) -> None:
    shell = open_shell(tmp_path)
    for name in ("sent", "failed"):
        setattr(shell.post, name, 0)
    shell.start(build.rule())
    await shell.run()

    told = account(RuntimeTelemetry(shell.runtime))

    unknown: tuple[Any, ...] = (told.equity, told.gross, told.leverage, told.positions, told.orders)
    assert (None,) * 5 == unknown
    assert [None] == [rule.value for rule in told.rules]


@pytest.mark.parametrize(
    ("direction", "limit", "value", "expected"),
    [("over", 4.0, 1.0, 0.25), ("over", 4.0, 8.0, 2.0), ("under", 0.5, 1.0, 0.5), ("under", 2.0, 1.0, 2.0)],
)
async def test_distance_is_one_at_the_limit_whichever_way_it_points(
    tmp_path: Path, direction: Any, limit: float, value: float, expected: float
) -> None:
    shell = open_shell(tmp_path)
    for name in ("sent", "failed"):
        setattr(shell.post, name, 0)
    rule = build.rule(build.rung(limit, "halt", 60.0), id="lev", metric="leverage", direction=direction)
    shell.start(rule)
    for second in range(1, 7):
        shell.see(second, positions=(build.position(build.BTC, Decimal(str(value)) * 10, 100),))
        await shell.run()

    (told,) = account(RuntimeTelemetry(shell.runtime)).rules

    assert (value, limit, expected) == (told.value, told.limit, pytest.approx(told.distance))


async def test_a_drill_is_told_when_it_passed(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    shell.runtime.post(Drilled(shell.clock.now(), build.ACCOUNT, "anna", "drill.md"))
    await shell.run()

    drilled = account(telemetry).drilled_at

    assert drilled is not None
    assert abs(drilled - shell.clock.at.timestamp()) < 1


async def test_a_read_s_calls_and_its_clock_are_counted(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    snapshot = build.read(2, calls=CALLS, clock=ClockOffset(-0.5, 0.01), **BOOK)
    shell.runtime.post(SnapshotTaken(shell.clock.now(), snapshot))
    await shell.run()

    told = {call.endpoint: call for call in telemetry.figures().calls}

    assert (("ok", 1), ("refused", 1), ("timeout", 1)) == told["orders"].codes
    assert (("http-5xx", 1),) == told["wallet"].codes
    buckets = dict(told["orders"].times.buckets)
    assert (2.0, 2.0, 3.0) == (buckets["0.05"], buckets["10"], buckets["+Inf"]), "no answer: past all bounds"
    assert -0.5 == account(telemetry).clock_offset


async def test_effects_are_counted_by_what_became_of_them(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    shell.runtime.post(Demanded(shell.clock.now(), build.ACCOUNT, Level.FLATTEN, "anna", "test"))
    await shell.run()

    told = {(kind, outcome): count for _, kind, outcome, count in telemetry.figures().effects}

    assert len(shell.hands.closes) == told["close_position", "done"]
    assert told["permit", "done"] >= 1
    assert not [kind for kind, _ in told if kind == "notify"]


async def test_every_judged_event_is_counted_and_timed(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    before = telemetry.figures()
    shell.see(3, **BOOK)
    await shell.run()
    after = telemetry.figures()

    assert after.evaluations > before.evaluations
    assert after.evaluations == after.steps.buckets[-1][1]
    assert after.steps.seconds > before.steps.seconds


async def test_it_can_be_scraped_as_it_is(shell: Shell, telemetry: RuntimeTelemetry) -> None:
    body, _ = exposition(telemetry.figures)("")

    assert b'guardian_account_equity{account="main",currency="USDT"} 1000.0' in body


# --- bounds ------------------------------------------------------------------------------------


def test_a_venue_cannot_grow_the_labels_for_ever() -> None:
    counters = Counters()
    calls = tuple(Call(f"endpoint-{n}", 0.01, code=str(n)) for n in range(500))

    counters.judged(SnapshotTaken(build.START, build.read(0, calls=calls)), (), 0.001)

    assert counters_module.ENDPOINTS + 1 == len(counters.requests)
    assert 500 == sum(sum(seen.codes.values()) for seen in counters.requests.values())
    assert {"refused"} == {code for seen in counters.requests.values() for code in seen.codes}


def test_a_report_of_nothing_that_was_started_counts_nothing() -> None:
    counters = Counters()

    counters.judged(EffectReported(build.START, build.ACCOUNT, "e9", Outcome.DONE), (), 0.001)

    assert {} == counters.effects


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call("x", 0.1), "ok"),
        (Call("x", 0.1, "10003"), "refused"),
        (Call("x", 0.1, "http-429"), "http-4xx"),
        (Call("x", 0.1, "http-"), "refused"),
        (Call("x", 0.1, "garbage"), "garbage"),
        (Call("x", 0.1, "network", answered=False), "network"),
        (Call("x", 0.1, "reset by peer", answered=False), "unanswered"),
    ],
)
def test_codes_become_few_classes(call: Call, expected: str) -> None:
    assert expected == code_class(call)


def test_a_histogram_is_cumulative_and_a_bound_belongs_to_its_bucket() -> None:
    durations = Durations((0.1, 1.0))

    for seconds in (0.1, 0.5, 2.0):
        durations.add(seconds)

    assert (("0.1", 1.0), ("1", 2.0), ("+Inf", 3.0)) == durations.cumulative()
    assert 2.6 == pytest.approx(durations.seconds)


def test_the_clock_of_a_blind_read_is_unknown() -> None:
    """The last offset of a venue that no longer answers is no fact about now."""
    counters = Counters()
    seen = build.read(0, clock=ClockOffset(0.1, 0.01))

    counters.judged(SnapshotTaken(build.START, seen), (), 0.001)
    counters.judged(SnapshotTaken(build.START, replace(seen, clock=None)), (), 0.001)

    assert None is counters.offsets[build.ACCOUNT]
