"""The state is a value: stepping changes no input, repeats give the same bytes, and memory is bounded."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from guardian.core.effects import Effect
from guardian.core.engine import step
from guardian.core.events import Configured, EffectReported, Event, Outcome, SnapshotTaken, Tick
from guardian.core.memory import MAXIMUM_BASELINE_POINTS, MAXIMUM_BOOKED_ROWS
from guardian.core.model import LedgerKind, Level, Window
from guardian.core.state import MAXIMUM_TARGETS, State
from guardian.runtime.codec import decode_event, decode_state, encode_effects, encode_event, encode_state
from tests.core.build import ACCOUNT, BTC, Desk, at, kinds, order, policy, position, read, row, rule, rung
from tests.core.world import World


class Recording(Desk):
    """A desk that remembers its events and the state before each."""

    def __init__(self, *rules: Any, **changes: Any) -> None:
        self.events: list[Event] = []
        self.before: list[State] = []
        self.after: list[tuple[State, tuple[Effect, ...]]] = []
        super().__init__(*rules, **changes)

    def send(self, event: Event) -> tuple[Effect, ...]:
        self.events.append(event)
        self.before.append(self.state)
        effects = super().send(event)
        self.after.append((self.state, effects))
        return effects


def recorded(monkeypatch: pytest.MonkeyPatch, seed: int) -> Recording:
    """A whole incident with a lying venue, event by event."""
    monkeypatch.setattr("tests.core.world.Desk", Recording)
    desk = World(seed, "lockout", auto_keys=True).run().desk
    assert isinstance(desk, Recording)
    return desk


@pytest.mark.parametrize("seed", [7, 11, 19])
def test_stepping_is_pure_and_repeatable(monkeypatch: pytest.MonkeyPatch, seed: int):
    desk = recorded(monkeypatch, seed)

    for event, before, after in zip(desk.events, desk.before, desk.after, strict=True):
        frozen = repr(before)
        assert after == step(before, event) == step(before, event)
        assert frozen == repr(before)


@pytest.mark.parametrize("seed", [7, 11, 19])
def test_a_journal_written_and_read_back_decides_the_same(monkeypatch: pytest.MonkeyPatch, seed: int):
    """Through JSON and back each event, state and effect is equal, and replaying gives the same bytes."""
    desk = recorded(monkeypatch, seed)
    state = State()

    for event, (after, effects) in zip(desk.events, desk.after, strict=True):
        copy = decode_event(encode_event(event))
        state, again = step(decode_state(encode_state(state)), copy)

        assert event == copy
        assert encode_effects(effects) == encode_effects(again)
        assert after == state
    assert len(desk.events) > 100


def test_time_never_runs_backwards():
    desk = Desk().warm()
    desk.tick(100)

    desk.tick(50)

    assert at(100) == desk.state.now


def test_an_event_for_an_account_that_nobody_watches_is_ignored():
    desk = Desk().warm()

    assert () == desk.send(SnapshotTaken(at(0), replace(read(0), account="stranger")))


def test_ids_are_counted_and_never_used_twice():
    desk = World(3, "lockout").run().desk

    ids = [effect.id for effect in desk.effects]

    assert len(ids) == len(set(ids))
    assert [int(i.split("/")[1]) for i in ids] == sorted(int(i.split("/")[1]) for i in ids)


# --- bounds -------------------------------------------------------------------------------------------


def test_ten_thousand_reads_with_rows_leave_a_bounded_state():
    chance = random.Random(1)
    desk = Desk(
        rule(rung(0.99, "caution"), window=Window("sliding", 604800.0)),
        rule(rung(0.99, "caution"), id="hwm"),
        rule(rung(0.99, "caution"), id="day", metric="daily_loss", window=Window("session")),
    )
    cash = 10_000.0
    for i in range(10_000):
        change = chance.choice([-1, 0, -2, 1])
        cash += change
        desk.see(read(i * 60, cash=cash, ledger=(row(f"r{i}", change, LedgerKind.TRADE),)))
        desk.effects.clear()

    nav = desk.account.nav

    assert nav is not None
    assert (
        max(len(r.baseline.points) for r in desk.account.rules if r.baseline) <= MAXIMUM_BASELINE_POINTS + 1
    )
    assert MAXIMUM_BOOKED_ROWS == len(nav.booked)
    assert len(encode_state(desk.state)) < 500_000


def test_a_bot_that_places_thousands_of_orders_leaves_bounded_targets_and_unique_client_ids():
    """Cancels of orders long gone are forgotten first; a leg's attempts are not, or ids would repeat."""
    desk = Desk().warm(position())
    ids: list[str] = []
    effects = desk.demand(0, "flatten")
    for i in range(1, 150):
        ids += [e.order.client_id for e in kinds(effects, "close_position")]
        for effect in kinds(effects, "close_position", "cancel_order"):
            desk.report(i - 0.5, effect)
        orders = tuple(order(f"o{i}-{n}") for n in range(20))
        effects = desk.see(read(i, (position(quantity=1 + i % 3),), orders))
        assert len(desk.incident.targets) <= MAXIMUM_TARGETS

    assert len(ids) == len(set(ids)) > 100


def test_a_hundred_incidents_are_not_all_kept():
    desk = Desk().warm()
    for i in range(100):
        desk.demand(i, "halt")
        desk.resume(i + 0.5)

    assert 5 == len(desk.account.past)


# --- reloading rules ----------------------------------------------------------------------------------


def reload(desk: Desk, *rules: Any) -> None:
    desk.send(Configured(at(10), "desk-1", "new", (policy(),), rules))


def test_a_reload_keeps_holds_baselines_and_the_incident():
    desk = Desk(rule(rung(0.05, "halt"))).warm(position(mark=1000))
    desk.see(read(0, (position(mark=900, entry=1000),)))
    before = desk.account.rule("dd")

    reload(desk, rule(rung(0.05, "halt"), title="better words"))

    assert before == desk.account.rule("dd")
    assert Level.HALT is desk.level


def test_a_rule_that_measures_something_else_starts_anew():
    """A window's oldest peak taken for a day's open would be a false loss."""
    window = Window("sliding", 3600.0)
    desk = Desk(rule(rung(0.5, "lockout"), window=window)).warm(cash=1000)
    desk.see(read(0, cash=900, ledger=(row("t", -100, LedgerKind.TRADE),)))

    reload(desk, rule(metric="daily_loss", window=Window("session")))
    desk.see(read(11, cash=900))

    assert Level.NORMAL is desk.level


def test_a_new_ladder_keeps_the_baseline_and_starts_its_holds_anew():
    desk = Desk(rule(rung(0.5, "halt"))).warm(position(mark=1000))

    reload(desk, rule(rung(0.05, "halt")))
    desk.see(read(11, (position(mark=900, entry=1000),)))

    assert Level.HALT is desk.level


def test_reports_settle_only_what_is_in_flight():
    desk = Desk().warm(position(BTC))
    close = kinds(desk.demand(0, "flatten"), "close_position")[0]
    desk.report(1, close)
    desk.report(2, close, Outcome.REFUSED)

    target = desk.incident.target(f"close:{BTC}#0")

    assert target is not None
    assert (Outcome.DONE, at(1)) == (target.outcome, target.reported_at)


def test_a_tick_on_an_empty_state_does_nothing():
    assert () == step(State(), Tick(at(0)))[1]
    assert () == step(State(), EffectReported(at(0), ACCOUNT, "x/1", Outcome.DONE))[1]
