"""From when the ledger is asked after a restart: no row is lost that came late, and none counts twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from guardian.core.memory import MAXIMUM_BOOKED_ROWS
from guardian.core.model import LedgerEntry, LedgerKind, Part
from guardian.core.state import AccountState
from guardian.runtime.start.assemble import LATE_ROWS, booked_to
from tests.core.build import Desk, at, read, row, without

FLOWS = 10.0
LONG_AGO = -86_400


def entry(id: str, seconds: float, change: float = -1) -> LedgerEntry:
    return replace(row(id, change, LedgerKind.TRADE), at=at(seconds))


def watched() -> Desk:
    """For a day: what the first wallet contained is long ago."""
    desk = Desk()
    for second in (LONG_AGO, -3, -2, -1, 0):
        desk.see(read(second))
    return desk


def begin(account: AccountState | None) -> datetime | None:
    return booked_to(account, FLOWS)


def test_rows_that_came_late_are_asked_about_again():
    """The venue shows a row up to two minutes late, and the last read may not have been due."""
    assert timedelta(seconds=120) <= LATE_ROWS
    assert at(0) - LATE_ROWS - timedelta(seconds=FLOWS) == begin(watched().account)


@pytest.mark.parametrize("missing", [(Part.WALLET, Part.LEDGER), (Part.LEDGER,)])
def test_a_ledger_that_was_not_read_for_ten_minutes_is_asked_about_all_of_them(missing: tuple[Part, ...]):
    """The NAV grows older and newer with the positions; what the ledger told last is another matter."""
    desk = watched()
    for second in range(10, 610, 10):
        desk.see(without(read(second), *missing))

    nav = desk.account.nav
    assert nav is not None
    assert at(600) == nav.at
    assert at(0) - LATE_ROWS - timedelta(seconds=FLOWS) == begin(desk.account)


def test_what_the_first_wallet_contained_is_no_news():
    desk = Desk()
    desk.see(read(0))

    assert at(0) == begin(desk.account)
    assert None is begin(None)


def test_a_row_that_is_not_remembered_any_more_is_not_asked_about_again():
    """A bot that fills ten times a second: two minutes are more rows than are kept, and would count twice."""
    desk, cash, told = watched(), 1000.0, list[LedgerEntry]()
    for second in range(1, 181):
        rows = tuple(entry(f"{second}-{n}", second - n / 20, -0.01) for n in range(10))
        told += rows
        cash -= 0.1
        desk.see(read(second, cash=cash, ledger=rows))
    begun = begin(desk.account)
    nav = desk.account.nav
    assert begun is not None
    assert nav is not None

    again = tuple(each for each in told if each.at >= begun)
    desk.see(read(181, cash=cash, ledger=again))
    after = desk.account.nav

    assert MAXIMUM_BOOKED_ROWS == len(nav.booked) == len(nav.booked_at)
    assert MAXIMUM_BOOKED_ROWS / 2 < len(again)
    assert {each.id for each in told if each.at > begun} <= set(nav.booked)
    assert after is not None
    assert nav.cash == after.cash


def test_rows_that_come_out_of_order_are_forgotten_by_their_age():
    desk = watched()
    late = tuple(entry(f"late-{n}", 0.001 * n) for n in range(10))
    desk.see(read(60, ledger=tuple(entry(f"{n}", 30 + 0.01 * n) for n in range(MAXIMUM_BOOKED_ROWS))))
    desk.see(read(61, ledger=late))

    nav = desk.account.nav
    assert nav is not None
    assert sorted(nav.booked_at) == list(nav.booked_at)
    assert not {each.id for each in late} & set(nav.booked)
    assert begin(desk.account) == nav.booked_at[0] + timedelta(milliseconds=1)


def test_a_state_from_before_the_dates_were_kept_loses_no_id():
    desk = watched()
    nav = desk.account.nav
    assert nav is not None
    undated = replace(nav, booked=("old-1", "old-2"), booked_at=())
    desk.state = replace(desk.state, accounts=(replace(desk.account, nav=undated),))
    desk.see(read(1, ledger=(entry("new", 1),)))

    after = desk.account.nav
    assert after is not None
    assert ("old-1", "old-2", "new") == after.booked
    assert (at(1),) == after.booked_at
