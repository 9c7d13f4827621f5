"""Phantoms, nonsense, empty answers, stale repeats and flows: at most CAUTION; a true loss still acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.model import Known, LedgerKind, Level, OnUnknown, Part, Snapshot, Verdict, Window
from tests.core.build import Desk, at, kinds, position, read, row, rule, rung, says, without

OPEN = position(quantity=10, mark=1000)
LOST = position(quantity=10, mark=940, entry=1000)
"""A true fall of 6 % of an equity of 10 000."""

RULES = (
    rule(
        rung(0.025, "caution", hold=2),
        rung(0.0375, "reduce", hold=2, to=0.5),
        rung(0.05, "lockout", hold=2),
        on_unknown=OnUnknown.CAUTION,
    ),
    rule(rung(0.02, "halt", hold=2), id="day", metric="daily_loss", window=Window("session")),
    rule(rung(3, "halt", hold=5), rung(5, "reduce", hold=5, to=0.5), id="leverage", metric="leverage"),
    rule(
        rung(0.5, "reduce", hold=2, to=0.5), rung(0.85, "flatten", hold=2), id="margin", metric="margin_ratio"
    ),
    rule(rung(0.01, "caution", hold=5), rung(0.01, "halt", hold=120), id="integrity", metric="unexplained"),
)

Fault = Callable[[Snapshot], Snapshot]


def phantom(snapshot: Snapshot) -> Snapshot:
    """The wallet claims -60 %, its margin balance too."""
    return says(snapshot, 4000)


def nonsense(snapshot: Snapshot) -> Snapshot:
    """A reader that let NaN through: the core must not believe it, nor fall over it."""
    return says(snapshot, "NaN")


def failed(snapshot: Snapshot) -> Snapshot:
    return without(snapshot, Part.WALLET)


def empty(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, positions=())


def stale(snapshot: Snapshot) -> Snapshot:
    """A cached answer of half a minute ago, asked then."""
    return replace(read(0, (OPEN,), cash=10_000), asked_at=at(-30))


FAULTS: list[Fault] = [phantom, nonsense, failed, empty, stale]


def watching() -> Desk:
    """Ten honest reads, -10 to -1 s, of 10 000 with one leg; maintenance margin 500."""
    desk = Desk(*RULES)
    for second in range(-10, 0):
        desk.see(whole(second))
    return desk


def whole(second: float, leg: Any = OPEN) -> Snapshot:
    snapshot = read(second, (leg,), cash=10_000)
    assert snapshot.wallet is not None
    return replace(snapshot, wallet=replace(snapshot.wallet, maintenance_margin=Decimal(500)))


def see(desk: Desk, snapshot: Snapshot, second: float) -> Level:
    """The read, and the timer between it and the next; the level that this leads to."""
    desk.see(snapshot, arrives=second)
    for later in (0.25, 0.5, 0.75):
        desk.tick(second + later)
    return desk.level


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("reads", [1, 3, 10])
def test_a_fault_of_the_feed_moves_nothing_beyond_caution(fault: Fault, reads: int):
    desk = watching()
    desk.effects.clear()

    levels = [see(desk, fault(whole(s)) if s < reads else whole(s), s) for s in range(reads + 20)]

    assert max(levels) <= Level.CAUTION
    assert [] == kinds(desk.effects, "close_position", "cancel_order", "fence_key", "halt_bot", "delete_key")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_true_loss_acts_although_every_second_read_lies(fault: Fault):
    desk = watching()

    for second in range(20):
        snapshot = whole(second, LOST)
        see(desk, fault(snapshot) if second % 2 else snapshot, second)

    assert Level.LOCKOUT is desk.level


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_true_loss_acts_within_its_hold_once_the_feed_is_honest(fault: Fault):
    desk = watching()
    for second in range(5):
        see(desk, fault(whole(second, LOST)), second)

    for second in range(5, 9):
        see(desk, whole(second, LOST), second)

    assert Level.LOCKOUT is desk.level


@pytest.mark.parametrize(("claimed", "level"), [(9000, Level.LOCKOUT), (4000, Level.REDUCE)])
def test_a_true_loss_acts_as_far_as_the_two_accounts_tell_the_same(claimed: float, level: Level):
    """Both prove 6 %. One that claims 10 % is an account of it; one that claims 60 % is not."""
    desk = watching()

    for second in range(5):
        see(desk, says(whole(second, LOST), claimed), second)

    assert level is desk.level


def test_a_true_loss_acts_in_full_as_soon_as_the_phantom_is_over():
    desk = watching()
    for second in range(5):
        see(desk, says(whole(second, LOST), 4000), second)

    see(desk, whole(5, LOST), 5)

    assert Level.LOCKOUT is desk.level


@pytest.mark.parametrize("claimed", [-10_000, 0, 100])
def test_two_sources_that_are_wrong_at_once_kill_nothing(claimed: float):
    """The wallet shows nonsense while the positions show a price that nobody traded at."""
    desk = watching()

    for second in range(20):
        see(desk, says(whole(second, LOST), claimed), second)

    assert desk.level < Level.FLATTEN


def test_a_silent_wallet_leaves_one_account_which_reduces_and_flattens_nothing():
    desk = watching()

    for second in range(8):
        see(desk, failed(whole(second, LOST)), second)

    assert Level.REDUCE is desk.level


@pytest.mark.parametrize("field", ["mark", "entry", "quantity"])
def test_a_position_that_is_no_number_is_refused_whole(field: str):
    desk = watching()
    bad = replace(OPEN, **{field: Decimal("NaN")})

    desk.see(replace(whole(0), positions=(bad,)))

    assert (OPEN,) == desk.account.evidence.positions
    assert [("positions", "nonsense")] == [(f.part, f.code) for f in desk.account.evidence.failures]


def test_an_unexplained_rest_cautions_after_seconds_and_halts_after_two_minutes():
    desk = watching()
    levels = [see(desk, says(whole(s), 9000), s) for s in range(130)]

    assert (Level.NORMAL, Level.CAUTION, Level.HALT) == (levels[3], levels[10], levels[-1])
    assert Level.HALT is max(levels)


# --- flows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0, 5])
@pytest.mark.parametrize("flow", [-5000, 5000])
def test_half_the_equity_comes_or_goes_and_no_rule_moves(flow: float, late: int):
    """The ledger row is in the same read, or five seconds behind the wallet."""
    desk = watching()
    breached: list[str] = []
    for second in range(30):
        rows = (row("flow", flow),) if second == late else ()
        see(desk, replace(read(second, (OPEN,), cash=10_000 + flow), ledger=rows), second)
        breached += [r.rule_id for r in desk.account.rules if r.verdict is Verdict.BREACHED]

    assert [] == breached
    assert Level.NORMAL is desk.level
    assert pytest.approx(100.0, abs=1e-9) == desk.nav
    assert {100.0} == {nav for r in desk.account.rules if r.baseline for _, nav in r.baseline.points}


@pytest.mark.parametrize("flow", [-5000, 5000])
def test_a_loss_after_a_flow_counts_against_the_money_that_is_there(flow: float):
    """6 % of the new equity, not of the old."""
    desk = watching()
    desk.see(replace(read(0, (OPEN,), cash=10_000 + flow), ledger=(row("flow", flow),)))
    leg = position(quantity=10, mark=1000 - (10_000 + flow) * 0.006, entry=1000)

    for second in range(1, 6):
        see(desk, read(second, (leg,), cash=10_000 + flow), second)

    assert pytest.approx(94.0, abs=1e-9) == desk.nav
    assert Level.LOCKOUT is desk.level


def test_a_row_in_a_read_that_was_overtaken_still_counts():
    """Rows come once: the read that carried the withdrawal arrived after a newer one."""
    desk = watching()
    overtaken = replace(read(0, (OPEN,), cash=5000), ledger=(row("w", -5000),))

    desk.see(read(1, (OPEN,), cash=5000), arrives=1.1)
    desk.see(overtaken, arrives=1.2)
    desk.see(read(2, (OPEN,), cash=5000))

    assert desk.account.nav is not None
    assert desk.account.nav.agreed
    assert pytest.approx(100.0, abs=1e-9) == desk.nav


def test_a_share_of_an_equity_that_only_one_account_tells_flattens_nothing():
    """A leg that had earned as much again is closed, and the wallet that it went to does not answer."""
    kept = position(liquidation=Decimal(80))
    earned = position("ETH/USDT:USDT", 10, 200, entry=100, liquidation=Decimal(199))
    desk = Desk(rule(rung(0.012, "flatten"), id="risk", metric="risk_per_signal")).warm(kept, earned)

    desk.see(without(read(0, (kept,), cash=2000), Part.WALLET, Part.LEDGER))
    assert Level.HALT is desk.level

    desk.see(read(1, (kept,), cash=2000, ledger=(row("won", 1000, LedgerKind.TRADE),)))
    own = desk.account.rule("risk")
    assert own is not None
    assert Known(0.01) == own.measured


def test_rows_of_a_ledger_that_is_behind_are_booked_and_it_is_no_newer():
    """After a busy absence they come part by part: what is missing still must not count as read."""
    desk = watching()
    before = desk.account.evidence.asked_at(Part.LEDGER)
    some = replace(read(0, (OPEN,), cash=5000), ledger=(row("w", -5000),))

    desk.see(replace(some, failures=without(some, Part.LEDGER).failures))
    desk.see(without(read(1, (OPEN,), cash=5000), Part.LEDGER))

    assert before == desk.account.evidence.asked_at(Part.LEDGER)
    assert desk.account.nav is not None
    assert desk.account.nav.agreed
    assert pytest.approx(100.0, abs=1e-9) == desk.nav


def test_an_overtaken_read_replaces_no_newer_evidence():
    """Positions failed in the newer read, so its wallet is the newest thing known."""
    desk = watching()
    desk.see(without(says(whole(2), 9990), Part.POSITIONS))
    desk.see(says(whole(1), 1), arrives=2.1)

    wallet = desk.account.evidence.wallet

    assert wallet is not None
    assert Decimal(9990) == wallet.equity


def test_withdrawing_everything_ends_the_epoch_and_a_deposit_starts_one():
    desk = Desk(*RULES)
    for second in range(-6, 0):
        desk.see(read(second))
    desk.see(read(0, cash=0, ledger=(row("w", -1000),)))
    gone = desk.account.nav
    for second in range(1, 9):
        see(desk, read(second, cash=500), second)

    assert None is gone
    assert (Level.NORMAL, 100.0) == (desk.level, desk.nav)


@pytest.mark.parametrize("claimed", [9_000, 12_000])
def test_an_account_that_never_adds_up_is_halted_though_no_loss_was_ever_measured(claimed: float):
    """Without a first read on which wallet and positions agree no loss can be told: that is no calm."""
    desk = Desk(*RULES)
    for second in range(200):
        desk.see(says(whole(second), claimed))

    assert desk.account.nav is None
    assert desk.level is Level.HALT
    assert desk.incident.rule == "integrity"
    assert {rule.verdict for rule in desk.account.rules if rule.rule_id in ("dd", "day")} == {Verdict.WARMING}


def test_an_account_that_is_empty_has_nothing_unexplained():
    desk = Desk(*RULES)
    for second in range(200):
        desk.see(read(second, cash=0))

    assert desk.level is Level.NORMAL
    assert Verdict.CLEAR is desk.account.rules[-1].verdict


def test_a_loss_rule_is_blind_while_only_the_wallet_is_unread():
    """A loss that is realised meanwhile shows nowhere else: BTC was closed at a loss of a fifth."""
    btc, eth = position("BTC/USDT:USDT", 10), position("ETH/USDT:USDT", 1)
    desk = Desk(rule(rung(0.05, "flatten"), id="dd", on_unknown=OnUnknown.HALT)).warm(btc, eth)
    levels = []
    for second in range(60):
        legs = (btc, eth) if second < 5 else (eth,)
        desk.see(without(read(second, legs), Part.WALLET, Part.LEDGER))
        levels.append(desk.level)

    assert (Level.NORMAL, Level.HALT) == (levels[5], levels[-1])


def test_one_read_without_a_disputed_wallet_is_no_blindness():
    """The wallet was read a second ago, and that it is disputed is for the integrity rule to say."""
    desk = Desk(rule(rung(0.05, "flatten"), id="dd", on_unknown=OnUnknown.HALT)).warm(OPEN)
    for second in range(30):
        desk.see(read(second, (OPEN,), cash=500))

    desk.see(without(read(30, (OPEN,), cash=500), Part.WALLET, Part.LEDGER))

    assert desk.level is Level.NORMAL


def test_a_wallet_beside_no_positions_and_no_ledger_tells_no_loss_either():
    """Read by turns, each is fresh all the while: BTC was closed at a loss of a fifth, and no NAV has it."""
    btc, eth = position("BTC/USDT:USDT", 10), position("ETH/USDT:USDT", 1)
    desk = Desk(rule(rung(0.05, "flatten"), id="dd", on_unknown=OnUnknown.HALT)).warm(btc, eth)
    for second in range(30):
        missing = (Part.WALLET, Part.POSITIONS)[second % 2]
        desk.see(without(read(second, (eth,), cash=800), missing, Part.LEDGER))

    assert desk.level is Level.HALT


def test_what_positions_prove_without_a_wallet_still_fires():
    """Blind to what is realised, not to what is lost at mark, after the wallet has become too old."""
    desk = Desk(rule(rung(0.05, "flatten", hold=2), id="dd", on_unknown=OnUnknown.IGNORE)).warm(OPEN)
    for second in range(60):
        legs = (OPEN if second < 30 else LOST,)
        desk.see(without(read(second, legs), Part.WALLET))

    assert Verdict.BREACHED in [own.verdict for own in desk.account.rules]
