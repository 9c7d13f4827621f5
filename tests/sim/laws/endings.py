"""Scenes for the laws about the end and about the process: flat when claimed, people told, nobody waits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from guardian.core.engine import step
from guardian.core.events import SnapshotTaken, Tick
from guardian.core.model import Level, Snapshot
from guardian.core.state import Flatness, State
from guardian.runtime.codec import encode_step
from guardian.sim.checkers import outcome, running
from guardian.sim.checkers.checker import Checker
from guardian.sim.ports.journal import Written
from guardian.sim.ports.outside import SECRETS
from guardian.sim.scenario.shapes import BotPlan, BotStyle, FaultPlan
from guardian.sim.world.takeover import Taken
from tests.sim.laws.theatre import Play, Theatre


def fence(t: Theatre) -> None:
    t.stand.bot_key.edit(0, read_only=True, ips=(), permissions=None)


def empty_books(t: Theatre) -> None:
    """Everything closed and cancelled, by nobody's order of guardian's."""
    for order in list(t.stand.books.open_orders.values()):
        t.stage.world.cancel(t.stand.books, order, t.stage.now_ms())
    grow(t, -t.stand.books.size("BTCUSDT"))


def grow(t: Theatre, quantity: Decimal) -> None:
    taken = Taken(symbol="BTCUSDT", index=0, origin="block", signed_qty=quantity)
    t.stage.world.take_over(t.stand.books, taken, t.stage.now_ms())


def claims(t: Theatre) -> None:
    t.step(t.account(Level.FLATTEN), t.verified())


def flat_and_fenced(t: Theatre) -> None:
    fence(t)
    empty_books(t)
    claims(t)


def held_and_claimed(t: Theatre) -> None:
    fence(t)
    claims(t)


def open_key_and_claimed(t: Theatre) -> None:
    empty_books(t)
    claims(t)


def no_fence_and_claimed(t: Theatre, style: BotStyle) -> None:
    """Nobody could fence the bot, and a position is open at the claim."""
    t.stand.plan = replace(t.stand.plan, bot=BotPlan(style))
    flat = Flatness(t.instant(), t.instant(), verified_at=t.instant())
    incident = t.incident(fence_impossible="10005", flatness=flat)
    t.step(t.account(Level.FLATTEN), t.account(Level.FLATTEN, incident=incident))


def a_free_bot_came_back(t: Theatre) -> None:
    no_fence_and_claimed(t, "fighting")


def nobody_came_back(t: Theatre) -> None:
    no_fence_and_claimed(t, "idle")


def order_left_and_claimed(t: Theatre) -> None:
    fence(t)
    grow(t, -t.stand.books.size("BTCUSDT"))
    grow(t, Decimal("0.001"))
    t.stage.world.instruments["BTCUSDT"] = replace(
        t.stage.world.instruments["BTCUSDT"], min_qty=Decimal("0.01")
    )
    claims(t)


def reached(t: Theatre) -> None:
    fence(t)
    t.life(t.verified())
    t.checker.ended()


def not_flat(t: Theatre) -> None:
    fence(t)
    t.life(t.account(Level.FLATTEN))
    t.checker.ended()


def key_open_at_the_end(t: Theatre) -> None:
    t.life(t.verified())
    t.checker.ended()


def nobody_can_stop_it(t: Theatre) -> None:
    """A bot that opens again, with a key that nobody can fence and no switch: guardian can only try on."""
    t.stand.plan = replace(t.stand.plan, bot=BotPlan("fighting"), admin=False, halt=False)


def sees(t: Theatre, *, positions: bool) -> None:
    seen = Snapshot("a1", t.instant(), None, () if positions else None, (), ())
    t.step(None, t.account(Level.FLATTEN), SnapshotTaken(t.instant(), seen))


def ends_unflat(t: Theatre, *, sees_positions: bool) -> None:
    nobody_can_stop_it(t)
    sees(t, positions=True)
    t.at += 11.0
    sees(t, positions=sees_positions)
    t.at += 2.0
    t.life(t.account(Level.FLATTEN))
    t.checker.ended()


def blind_until_the_end(t: Theatre) -> None:
    ends_unflat(t, sees_positions=False)


def seen_and_not_tried(t: Theatre) -> None:
    ends_unflat(t, sees_positions=True)


def gone_at_the_end(t: Theatre) -> None:
    t.checker.ended()


def rises(t: Theatre) -> None:
    t.step(t.account(), t.account(Level.HALT))


def people_told(t: Theatre) -> None:
    rises(t)
    t.checker.told("ops", t.message())
    t.at += 30.0
    t.checker.ended()


def people_not_told(t: Theatre) -> None:
    rises(t)
    t.at += 30.0
    t.checker.ended()


def killed_while_the_disk_hung(t: Theatre) -> None:
    """One account's message waits its turn for a second at most; then nothing but the process knew of it."""
    t.stage.weather._plans["fsync-hung"].append(FaultPlan("fsync-hung", t.at - 1.0, t.at + 5.0))
    rises(t)
    t.at += 1.0
    t.checker.died(t.life())
    t.at += 30.0
    t.checker.ended()


def killed_long_after(t: Theatre) -> None:
    """The disk hung and the process died, but there was time enough to tell."""
    t.stage.weather._plans["fsync-hung"].append(FaultPlan("fsync-hung", t.at - 1.0, t.at + 5.0))
    rises(t)
    t.at += 3.0
    t.checker.died(t.life())
    t.at += 30.0
    t.checker.ended()


def told_of_something_else(t: Theatre) -> None:
    rises(t)
    t.checker.told("ops", t.message(level="CAUTION"))
    t.at += 30.0
    t.checker.ended()


def write(t: Theatre, body: str) -> None:
    t.stage.disk.records.append(Written(t.instant(), "tick", body))


def discreet(t: Theatre) -> None:
    write(t, "{}")
    t.checker.told("ops", t.message())
    t.checker.ended()


def secret_in_a_message(t: Theatre) -> None:
    t.checker.told("ops", t.message(f"wanted {SECRETS['hands']}"))


def secret_in_the_journal(t: Theatre) -> None:
    write(t, f'{{"detail": "{SECRETS["admin"]}"}}')
    t.checker.ended()


def ticks(t: Theatre, count: int) -> list[str]:
    bodies, state = [], State()
    for number in range(count):
        event = Tick(t.instant(float(number)))
        state, effects = step(state, event)
        bodies.append(encode_step(event, state.decisions, effects))
    return bodies


def replays(t: Theatre) -> None:
    for body in ticks(t, 3):
        write(t, body)
    t.checker.ended()


def decides_otherwise(t: Theatre) -> None:
    good = ticks(t, 3)
    for body in (good[0], good[1].replace('"effects":[]', '"effects":[{}]'), good[2]):
        write(t, body)
    t.checker.ended()


def cannot_be_read(t: Theatre) -> None:
    write(t, '{"event": 1}')
    t.checker.ended()


def sure_footed(t: Theatre) -> None:
    t.life()
    t.checker.ended()


def stumbled(t: Theatre) -> None:
    t.life(defects=1)
    t.checker.ended()


def stumbled_before_it_died(t: Theatre) -> None:
    t.checker.died(t.life(defects=2))


def read_in_its_rhythm(t: Theatre) -> None:
    t.checker.born(t.life())
    t.at += 1.0
    t.checker.moved()


def not_read(t: Theatre) -> None:
    t.checker.born(t.life())
    t.at += 10.0
    t.checker.moved()


def effect_not_answered(t: Theatre) -> None:
    t.step(None, t.account(Level.FLATTEN), effects=(t.close(),))
    t.at += 2.0
    t.checker.moved()


def halted_while(t: Theatre, growth: Decimal) -> None:
    """Half a minute at HALT, in which the position grows by so much every half second."""
    t.life(t.account(Level.HALT))
    for _ in range(60):
        t.at += 0.5
        if growth:
            grow(t, growth)
        t.checker.moved()


def bot_obeys(t: Theatre) -> None:
    halted_while(t, Decimal(0))


def bot_grows(t: Theatre) -> None:
    halted_while(t, Decimal("0.05"))


def halted_anew_by_a_resume(t: Theatre) -> None:
    """Nine seconds of growth, and a resume into the next halt: the bot has its ten seconds again."""
    for code in ("1", "2"):
        t.life(t.account(Level.HALT, incident=replace(t.incident(Level.HALT), code=code)))
        for _ in range(24):
            t.at += 0.5
            grow(t, Decimal("0.05"))
            t.checker.moved()


SCENES: list[tuple[type[Checker], Play, Play]] = [
    (outcome.FlatClaim, flat_and_fenced, held_and_claimed),
    (outcome.FlatClaim, flat_and_fenced, open_key_and_claimed),
    (outcome.FlatClaim, flat_and_fenced, order_left_and_claimed),
    (outcome.FlatClaim, a_free_bot_came_back, nobody_came_back),
    (outcome.GetsThere, reached, not_flat),
    (outcome.GetsThere, reached, key_open_at_the_end),
    (outcome.GetsThere, reached, gone_at_the_end),
    (outcome.GetsThere, blind_until_the_end, seen_and_not_tried),
    (outcome.TellsPeople, people_told, people_not_told),
    (outcome.TellsPeople, people_told, told_of_something_else),
    (outcome.TellsPeople, killed_while_the_disk_hung, killed_long_after),
    (outcome.KeepsSecrets, discreet, secret_in_a_message),
    (outcome.KeepsSecrets, discreet, secret_in_the_journal),
    (outcome.Replays, replays, decides_otherwise),
    (outcome.Replays, replays, cannot_be_read),
    (running.NeverStumbles, sure_footed, stumbled),
    (running.NeverStumbles, sure_footed, stumbled_before_it_died),
    (running.NobodyWaits, read_in_its_rhythm, not_read),
    (running.NobodyWaits, read_in_its_rhythm, effect_not_answered),
    (running.StopsGrowth, bot_obeys, bot_grows),
    (running.StopsGrowth, halted_anew_by_a_resume, bot_grows),
]
