"""Money that crosses the border moves no loss: what was given back stays the same part of the equity."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.metrics import BY_NAME
from guardian.core.metrics.flows import MOST_FLOWS
from guardian.core.metrics.metric import Metric
from guardian.core.model import AtLeast, LedgerKind, Part, Position, Window
from tests.core.build import BTC, at, position, read, row, says, without
from tests.core.metrics.beside.stage import WINDOWS, Stage, fill, quote

BETWEEN_FILLS = "what it was worth between its fills is not known"
UNTOLD = "what it was worth when money came or went is not known"
NOT_ADDING_UP = f"the fills that are known do not add up to the position in {BTC}"
LOSSES = [m for m in BY_NAME.values() if m.family == "loss" and "account" in m.scopes]
CASES = [(metric, kind) for metric in LOSSES for kind in metric.windows]
OF_FILLS = ["pair_drawdown", "strategy_drawdown"]
DAY = 86_400
PARTS = st.floats(-0.99, 20).filter(lambda part: abs(part) > 1e-6)
"""Of the equity, how much comes or goes."""


def near(value: float) -> Any:
    return pytest.approx(value, abs=1e-9)


class Border(Stage):
    """One bitcoin bought at 100 by ft-, with 1000 beside it; a `look` reads it at a mark and tells fills."""

    def __init__(self, metric: str, **changes: Any) -> None:
        of = {"of": "ft-"} if BY_NAME[metric].of else {}
        super().__init__(metric, order_prefixes=("ft-", "mm-"), **of, **changes)
        self.watched(-2 * DAY)
        self.flows = 0
        self.look(0, 100, fill("1", -0.5, 1, 100))

    def legs(self, mark: float | None) -> tuple[Position, ...]:
        return () if mark is None else (position(quantity=1, mark=mark, entry=100),)

    def look(self, second: float, mark: float | None, *fills: Any) -> None:
        self.read(second, positions=self.legs(mark))
        self.did(second + 0.1, fills=fills)

    def flow(self, second: float, change: float, mark: float | None, *failed: Part) -> None:
        """Only the read that tells of it: no fills are asked for."""
        self.flows, self.cash = self.flows + 1, self.cash + change
        rows = (row(f"flow-{self.flows}", change),)
        self.see(without(read(second, self.legs(mark), cash=self.cash, ledger=rows), *failed))

    def at_mark(self, second: float, mark: float | None) -> Any:
        self.look(second, mark)
        self.read(second + 0.2, positions=self.legs(mark))
        return self.measured

    @property
    def measured(self) -> Any:
        return self.account.rules[0].measured


@pytest.fixture(params=OF_FILLS)
def desk(request: pytest.FixtureRequest) -> Border:
    return Border(request.param)


@pytest.mark.parametrize("change", [-480, 960, -940, 1e6])
def test_a_flow_leaves_what_was_given_back_as_it_was(desk: Border, change: float):
    """40 of 1000 are lost: 1/24 of the 960 that are left, whatever comes or goes."""
    assert near(40 / 960) == desk.at_mark(10, 60).value

    desk.flow(11, change, 60)

    assert near(40 / 960) == desk.measured.value
    assert near(40 / 960) == desk.at_mark(12, 60).value
    assert near(40 / 960) == desk.at_mark(13, 60).value, "it is set to the new units once"


def test_two_flows_each_set_what_was_before_them(desk: Border):
    """10 lost, of which a half leaves; 10 more lost of 495 are 15 of 485; then three times as much comes."""
    desk.look(10, 90)
    desk.flow(11, -495, 90)
    assert near(15 / 485) == desk.at_mark(12, 80).value

    desk.flow(13, 3 * 485, 80)

    assert near(15 / 485) == desk.at_mark(14, 80).value


def test_a_flow_between_fall_and_recovery(desk: Border):
    """40 lost of 1000, a half leaves: 20 are to be won back, and then it stands as high as ever."""
    desk.look(10, 60)
    desk.flow(11, -480, 60)

    assert near(10 / 490) == desk.at_mark(12, 70).value
    assert near(0) == desk.at_mark(13, 80).value
    assert near(20 / 480) == desk.at_mark(14, 60).value


def test_a_fall_after_the_flow_is_a_part_of_what_is_left(desk: Border):
    """At the peak all but 100 leaves; 40 lost of that is not 40 of 1000."""
    desk.flow(10, -900, 100)

    assert near(40 / 60) == desk.at_mark(11, 60).value


def test_a_fall_before_a_deposit_is_not_of_what_came(desk: Border):
    desk.look(10, 60)
    desk.flow(11, 9600 - 960, 60)

    assert near((400 + 20) / 9580) == desk.at_mark(12, 40).value


def test_what_fell_in_the_very_read_of_the_flow_was_lost_by_the_old_units(desk: Border):
    """The NAV prices a flow by the read that tells of it: 96 then, and so does this."""
    desk.flow(10, -480, 60)

    assert pytest.approx(96) == desk.nav
    assert near(40 / 960) == desk.at_mark(11, 60).value


@pytest.mark.parametrize("change", [-480, 960])
def test_a_flow_while_the_positions_are_not_listed(desk: Border, change: float):
    """The units change at once, at the marks that were told last; what falls meanwhile, the new ones lose."""
    desk.look(10, 60)
    desk.flow(11, change, 60, Part.POSITIONS)
    assert near(40 / 960) == desk.measured.value

    left = 960 + change
    assert near(40 / 960) == desk.at_mark(12, 60).value
    assert near((40 * left / 960 + 10) / (left - 10)) == desk.at_mark(13, 50).value


def test_a_flow_in_a_read_that_tells_no_equity_counts_once_one_does(desk: Border):
    desk.look(10, 60)
    desk.flow(11, -480, 60, Part.POSITIONS, Part.WALLET)

    assert near(40 / 960) == desk.at_mark(12, 60).value
    assert near(40 / 960) == desk.at_mark(13, 60).value


def test_money_on_its_way_proves_a_bound_only(desk: Border):
    """The wallet shows the deposit first: over twice as much the loss is half, which nobody may clear on."""
    desk.look(10, 60)
    for second in (11, 12):
        desk.see(says(read(second, desk.legs(60)), 1920))
        desk.did(second + 0.1)
    desk.see(says(read(13, desk.legs(60)), 1920))
    assert isinstance(desk.measured, AtLeast)
    assert desk.measured.value <= 40 / 960

    desk.flow(14, 960, 60)

    assert near(40 / 960) == desk.measured.value


def test_a_realised_loss_is_set_to_the_new_units_too(desk: Border):
    """Sold at 60: nothing is held as the money leaves, and the loss is in the cash."""
    desk.look(9, 60)
    desk.cash = 960
    rows = (row("trade", -40, LedgerKind.TRADE),)
    desk.see(read(10, cash=960, ledger=rows))
    desk.did(10.1, fills=(fill("2", 9.9, -1, 60, closed=1),))
    desk.flow(11, -480, None)

    assert near(40 / 960) == desk.at_mark(12, None).value


def test_when_everything_leaves_the_peaks_begin_anew(desk: Border):
    """As the NAV does, so that what was lost before is no loss of what comes later."""
    desk.look(9, 60)
    desk.cash = 960
    desk.see(read(10, cash=960, ledger=(row("trade", -40, LedgerKind.TRADE),)))
    desk.did(10.1, fills=(fill("2", 9.9, -1, 60, closed=1),))
    desk.flow(11, -960, None)
    assert desk.account.nav is None

    desk.flow(12, 500, None)

    assert near(0) == desk.at_mark(13, None).value


def test_a_pair_whose_fills_are_not_told_yet_is_bounded_by_the_marks_that_are_known():
    """Sold between two looks as half of the money left: for an hour nobody is sure."""
    desk = Border("pair_drawdown")
    desk.look(9, 60)
    desk.cash = 960
    rows = (row("trade", -40, LedgerKind.TRADE), row("w", -480))
    desk.see(read(10, cash=480, ledger=rows))
    desk.cash = 480
    desk.did(10.1, fills=(fill("2", 9.9, -1, 60, closed=1),))

    assert desk.at_mark(11, None) == AtLeast(near(40 / 960), NOT_ADDING_UP)


def test_a_pair_of_which_no_lots_are_known_begins_anew_and_is_doubted():
    """A close by nobody may have been of either strategy's lots: neither has a P&L as the money leaves."""
    desk = Border("pair_drawdown")
    theirs = fill("2", 4, 1, 100, client_id="mm-1")
    legs = (position(quantity=2, mark=100),)
    desk.read(5, positions=legs)
    desk.did(5.1, fills=(theirs,))
    desk.read(6, positions=(position(quantity=1.5, mark=60, entry=100),))
    desk.did(6.1, fills=(fill("3", 5.5, -0.5, 60, client_id="", closed=0.5),))
    assert {s.name for s in desk.account.course.stakes if s.lost} == {"ft-", "mm-"}

    desk.cash = 500
    desk.see(read(7, (position(quantity=1.5, mark=60, entry=100),), cash=500, ledger=(row("w", -500),)))

    assert {s.best for s in desk.account.course.stakes if s.lost} == {()}
    assert {s.doubted_at for s in desk.account.course.stakes if s.lost} == {at(7)}


def test_no_mark_of_the_flow_makes_what_was_before_it_incomparable():
    """No positions for over a minute as the money leaves: the least is that nothing fell."""
    desk = Border("strategy_drawdown")
    desk.look(9, 60)
    desk.flow(100, -480, 60, Part.POSITIONS)

    assert desk.at_mark(101, 60) == AtLeast(0.0, UNTOLD)
    assert desk.at_mark(102, 50).value == 0, "it has traded nothing since"


def test_a_mark_that_the_market_tells_is_as_good():
    """Opposed lots of two strategies are no position; their quote is what they were worth by."""
    desk = Border("strategy_drawdown")
    theirs = fill("2", 5, -1, 100, client_id="mm-1", closed=1)
    desk.look(9, None, theirs)
    desk.shows(9.5, (quote(BTC, 60),), ())
    assert near(0.04) == desk.at_mark(10, None).value

    desk.flow(11, -500, None)

    assert near(0.04) == desk.at_mark(12, None).value


def test_flows_beyond_the_bound_make_what_was_before_them_incomparable():
    desk = Border("strategy_drawdown")
    desk.look(9, 60)
    for n in range(MOST_FLOWS):
        desk.flow(10 + n, 1, 60)
    assert near(40 / 960) == desk.at_mark(70, 60).value

    desk.flow(71, 1, 60)

    assert MOST_FLOWS == len(desk.account.course.flows)
    assert desk.at_mark(72, 60) == AtLeast(0.0, UNTOLD)


def test_a_flow_that_left_before_the_window_says_nothing():
    """Its fills are of before it as well: the window begins where it stood."""
    desk = Border("strategy_drawdown", window=Window("sliding", 60.0))
    desk.look(9, 60)
    desk.flow(100, -480, 60, Part.POSITIONS)

    assert desk.at_mark(200, 60) == AtLeast(0.0, BETWEEN_FILLS)


@pytest.mark.parametrize("metric", OF_FILLS)
def test_an_accepted_wallet_changes_the_units_and_no_loss(metric: str):
    """What left without a row is believed at `resume --rebase integrity`; the NAV stays, and so does this."""
    desk = Border(metric)
    desk.look(10, 60)
    desk.cash = 520
    desk.see(read(11, desk.legs(60), cash=520))

    desk.resume(12, "integrity")

    assert pytest.approx(96) == desk.nav
    assert near(40 / 960) == desk.at_mark(13, 60).value
    assert near(30 / 470) == desk.at_mark(14, 50).value


@settings(max_examples=30, deadline=None)
@given(PARTS, st.sampled_from([60.0, 95.0, 100.0, 130.0]))
@pytest.mark.parametrize(("metric", "kind"), CASES, ids=lambda v: v if isinstance(v, str) else v.name)
def test_no_loss_is_moved_by_money_that_crosses_the_border(
    metric: Metric, kind: str, part: float, mark: float
):
    """At marks that stay, a flow between two reads leaves the value of every metric of losses."""
    desk = Border(metric.name, window=WINDOWS.get(kind) or Window(kind))
    desk.look(1, 110)
    desk.cash = 980
    desk.see(read(2, desk.legs(110), cash=980, ledger=(row("fee", -20, LedgerKind.FEE),)))
    before = desk.at_mark(10, mark)

    desk.flow(11, round(part * (880 + mark), 4), mark)

    assert near(before.value) == desk.measured.value
    after = desk.at_mark(12, mark)
    assert near(before.value) == after.value
    assert type(before) is type(after)
