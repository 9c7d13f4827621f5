"""Keys and transfers that are nobody's that is known: foreign_keys, open_keys, foreign_transfers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import MAXIMUM_MOVES, Nav
from guardian.core.metrics.foreign_keys import MAXIMUM_KEYS, fold_keys, strange_keys
from guardian.core.metrics.foreign_transfers import fold_sent, gone
from guardian.core.model import (
    AtLeast,
    KeyRecord,
    Known,
    LedgerEntry,
    LedgerKind,
    Level,
    Measured,
    OnUnknown,
    Part,
    Unknown,
    Verdict,
    Window,
)
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import BOT_KEY, START, Desk, at, money, policy, read, row, rule, rung, without

DAY_SECONDS = 86_400


def key(id: str = BOT_KEY, *ips: str, reads: bool = False, trades: bool = True) -> KeyRecord:
    return KeyRecord(id, reads, trades and not reads, "", ips)


OWN = (key("watch-key", "10.0.0.1", reads=True), key("hands-key", "10.0.0.1"), key("admin-key", "10.0.0.1"))
BOT = key(BOT_KEY, "10.0.0.2")


def judged(metric: str, **changes: Any) -> Desk:
    windows = {"foreign_transfers": Window("sliding", 3600.0)}
    on = rule(rung(0.5, "halt"), id="m", metric=metric, window=windows.get(metric, Window()))
    return Desk(on, **changes).warm()


def value(desk: Desk, second: float) -> Measured:
    desk.see(read(second))
    return desk.account.rules[0].measured


# --- keys ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "count"),
    [
        ((), 0),
        ((key("stranger", "10.0.0.9"),), 1),
        ((key("stranger"), key("another")), 2),
        ((key("stranger", trades=False),), 1),
        ((key("tax-report", reads=True),), 0),
    ],
    ids=["the bot's and ours", "a stranger's", "two of them", "it may withdraw or transfer", "it only reads"],
)
def test_a_key_that_the_configuration_does_not_name(extra: tuple[KeyRecord, ...], count: int):
    desk = judged("foreign_keys")
    desk.keys(0, *OWN, BOT, *extra)

    assert value(desk, 1) == Known(float(count))


def test_where_the_configuration_names_none_the_first_listing_is_believed():
    desk = judged("foreign_keys", bot_keys=())
    desk.keys(0, *OWN, key("one"), key("two"))
    assert value(desk, 1) == Known(0.0)

    desk.keys(2, *OWN, key("one"), key("three"))

    assert value(desk, 3) == Known(1.0)
    assert desk.level is Level.HALT


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        (("10.0.0.2",), ("10.0.0.2",), 0),
        (("10.0.0.2",), ("10.0.0.2", "203.0.113.7"), 1),
        (("10.0.0.2",), (), 1),
        (("10.0.0.2", "10.0.0.3"), ("10.0.0.3",), 0),
        ((), (), 0),
        ((), ("10.0.0.2",), 0),
    ],
    ids=["same", "one more", "opened", "one fewer", "was open", "bound at last"],
)
def test_from_where_a_key_may_be_used(before: tuple[str, ...], after: tuple[str, ...], count: int):
    desk = judged("foreign_keys")
    desk.keys(0, *OWN, key(BOT_KEY, *before))
    desk.keys(1, *OWN, key(BOT_KEY, *after))

    assert value(desk, 2) == Known(float(count))


def test_guardian_s_own_keys_may_not_be_opened_either():
    desk = judged("foreign_keys")
    desk.keys(0, *OWN, BOT)
    desk.keys(1, OWN[0], key("hands-key"), OWN[2], BOT)

    assert value(desk, 2) == Known(1.0)


def test_it_stays_until_an_operator_accepts_it():
    desk = judged("foreign_keys")
    desk.keys(0, *OWN, BOT)
    desk.keys(1, *OWN, key(BOT_KEY, "203.0.113.7"))
    assert value(desk, 2) == Known(1.0)

    desk.resume(3)
    assert value(desk, 4) == Known(1.0), "not accepted by a mere resume"
    desk.resume(5, "m")

    assert value(desk, 6) == Known(0.0)
    assert (Level.NORMAL, Verdict.CLEAR) == (desk.level, desk.account.rules[0].verdict)
    desk.keys(7, *OWN, BOT)
    assert value(desk, 8) == Known(1.0), "what was accepted is the usual now"


def test_accepting_does_not_make_a_stranger_the_bot_s():
    """`bot.keys` says whose keys are: only the configuration can name another."""
    desk = judged("foreign_keys")
    desk.keys(0, *OWN, BOT, key("stranger"))
    desk.resume(1, "m")

    assert value(desk, 2) == Known(1.0)


def test_a_fence_is_no_foreign_hand():
    desk = judged("foreign_keys")
    desk.keys(0, *OWN, BOT)
    desk.keys(1, *OWN, key(BOT_KEY, "10.0.0.2", reads=True))
    assert value(desk, 2) == Known(0.0)
    desk.keys(3, *OWN, BOT)

    assert value(desk, 4) == Known(0.0)


@pytest.mark.parametrize("metric", ["foreign_keys", "open_keys", "withdrawing_keys"])
def test_without_a_complete_listing_nothing_is_known(metric: str):
    desk = judged(metric)
    assert isinstance(value(desk, 0), Unknown)

    desk.keys(1, *OWN, key("stranger"), complete=False)

    assert isinstance(value(desk, 2), Unknown)


@pytest.mark.parametrize("every", [DAY_SECONDS, 300])
@pytest.mark.parametrize("metric", ["foreign_keys", "open_keys", "withdrawing_keys"])
def test_a_listing_is_good_until_the_next_is_due_and_then_it_ages(metric: str, every: float):
    blind = {"on_unknown": OnUnknown.CAUTION, "stale_after_seconds": 3600.0}
    desk = Desk(rule(rung(1, "halt"), id="m", metric=metric, **blind), keys_seconds=every).warm()
    desk.keys(0, *OWN, replace(BOT, can_withdraw=False, can_transfer=False))

    assert value(desk, every + 3500) == Known(0.0)
    assert isinstance(value(desk, every + 3700), Unknown)
    assert desk.account.rules[0].stale
    assert desk.level is Level.CAUTION


def test_what_an_older_journal_had_listed_is_the_first_listing():
    """A state from before keys were remembered: the next listing is the one to compare with."""
    desk = judged("foreign_keys", bot_keys=())
    desk.keys(0, *OWN, BOT)
    (account,) = desk.state.accounts
    desk.state = replace(desk.state, accounts=(replace(account, course=replace(account.course, keys=None)),))
    assert isinstance(value(desk, 1), Unknown)

    desk.keys(2, *OWN, BOT)

    assert value(desk, 3) == Known(0.0)


IDS = st.sampled_from(["a", "b", "c", BOT_KEY, "hands-key"])
ADDRESSES = st.sets(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"])).map(sorted)
LISTINGS = st.dictionaries(IDS, st.tuples(ADDRESSES, st.booleans()), max_size=5).map(
    lambda found: tuple(key(id, *ips, reads=reads) for id, (ips, reads) in found.items())
)


@given(LISTINGS, st.lists(LISTINGS, max_size=4), st.booleans())
def test_a_repeated_listing_changes_nothing_and_order_does_not_count(
    first: tuple[KeyRecord, ...], later: list[tuple[KeyRecord, ...]], named: bool
):
    own = policy(bot_keys=(BOT_KEY,) if named else ())
    known = fold_keys(None, first, own)
    assert named or strange_keys(first, known, own) == (), "a first listing is believed"
    for listing in later:
        known = fold_keys(known, listing, own)
        again = fold_keys(known, tuple(reversed(listing)), own)
        assert again == known
        assert {k.id for k in known} <= {k.id for k in listing}, "what is gone is forgotten"
        assert not any(k.read_only for k in strange_keys(listing, known, own))


def test_the_first_listing_is_bounded():
    many = tuple(key(f"{n:04}") for n in range(MAXIMUM_KEYS + 9))

    assert len(fold_keys(None, many, policy())) == MAXIMUM_KEYS


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ((*OWN, BOT), 0),
        ((*OWN, key(BOT_KEY)), 1),
        ((key("hands-key"), key(BOT_KEY)), 2),
        ((key("tax-report", reads=True),), 0),
    ],
)
def test_open_keys_are_those_that_trade_from_anywhere(keys: tuple[KeyRecord, ...], count: int):
    desk = judged("open_keys")
    desk.keys(0, *keys)

    assert value(desk, 1) == Known(float(count))


# --- transfers ----------------------------------------------------------------------------------------


def out(id: str, change: float, second: float = 0, **changes: Any) -> LedgerEntry:
    return replace(row(id, change), at=at(second), **changes)


def watched(since: float = -2 * DAY_SECONDS) -> Desk:
    """An account of 1000 that has been watched for two days."""
    desk = judged("foreign_transfers")
    (account,) = desk.state.accounts
    desk.state = replace(desk.state, accounts=(replace(account, watched_since=at(since)),))
    return desk


def left(desk: Desk, second: float, *rows: LedgerEntry, cash: float) -> Measured:
    desk.see(read(second, ledger=rows, cash=cash))
    return desk.account.rules[0].measured


def test_what_was_withdrawn_over_what_there_was():
    desk = watched()

    assert left(desk, 1, out("1", -100, 1), cash=900) == Known(pytest.approx(0.1))
    assert left(desk, 2, out("2", -450, 2), cash=450) == Known(pytest.approx(0.55))
    assert desk.level is Level.HALT


def test_the_window_slides_and_a_deposit_makes_up_for_nothing():
    desk = watched()
    left(desk, 0, out("1", -100, 0), cash=900)

    assert left(desk, 60, out("2", 100, 60), cash=1000) == Known(pytest.approx(0.1))
    assert left(desk, 3599, cash=1000) == Known(pytest.approx(0.1))
    assert left(desk, 3600, cash=1000) == Known(0.0), "left-open"


def test_an_account_that_was_emptied_shows_that():
    """The NAV ends with the last coin; what took it must not end with it."""
    desk = watched()

    assert left(desk, 1, out("1", -1000, 1), cash=0) == Known(1.0)
    assert desk.account.nav is None
    assert left(desk, 2, cash=0) == Known(1.0)


@pytest.mark.parametrize("kind", [LedgerKind.TRADE, LedgerKind.FUNDING, LedgerKind.FEE, LedgerKind.OTHER])
def test_only_what_crosses_the_border_counts(kind: LedgerKind):
    assert left(watched(), 1, out("1", -100, 1, kind=kind), cash=900) == Known(0.0)


def test_a_row_counts_once_however_often_it_comes():
    desk = watched()
    rows = (out("1", -100, 1),)
    left(desk, 1, *rows, cash=900)

    assert left(desk, 2, *rows, cash=900) == Known(pytest.approx(0.1))


def test_what_was_announced_is_accepted_by_an_operator():
    desk = watched()
    left(desk, 1, out("1", -600, 1), cash=400)
    assert desk.level is Level.HALT

    desk.resume(2, "m")

    assert left(desk, 3, cash=400) == Known(0.0)
    assert left(desk, 4, out("1", -600, 1), cash=400) == Known(0.0), "told again, it is still accepted"
    assert left(desk, 5, out("2", -40, 5), cash=360) == Known(pytest.approx(0.1))


def test_a_bound_fires_and_does_not_clear():
    young = watched(since=-60)
    assert left(young, 0, cash=1000) == AtLeast(0.0, "watching since 11:59 UTC", filling=True)

    strange = watched()
    got = left(strange, 1, out("1", -5, 1, currency="COIN"), out("2", -600, 2), cash=400)
    assert got == AtLeast(pytest.approx(0.6), "what left had no price, or no equity was known")
    assert strange.level is Level.HALT


def test_a_ledger_that_cannot_be_read_is_no_calm():
    desk = watched()
    for second in range(1, 20):
        desk.see(without(read(second), Part.LEDGER))

    assert isinstance(desk.account.rules[0].measured, Unknown)


def nav_of(equity: float, **prices: float) -> Nav:
    listed = tuple((name, money(price)) for name, price in {"USDT": 1.0, **prices}.items())
    amount = money(equity)
    return Nav(at(0), Decimal(10), (), amount, amount, 100.0, True, 2, 9, prices=listed)


@given(st.lists(st.integers(1, 400), max_size=8))
def test_shares_in_a_row_take_what_all_of_them_took(amounts: list[int]):
    rows = [out(str(n), -amount, n) for n, amount in enumerate(amounts)]

    sent, _ = fold_sent((), (), nav_of(1000), read(9, ledger=tuple(rows)))
    taken = gone(sent)

    assert taken == pytest.approx(min(sum(amounts) / 1000, 1.0))


def test_what_has_left_is_remembered_for_a_day_and_bounded():
    rows = tuple(out(f"{n:04}", -1, n + 1) for n in range(MAXIMUM_MOVES + 9))
    nav = nav_of(1000)
    known, _ = fold_sent((), (), nav, replace(read(0, ledger=rows), asked_at=at(500)))

    assert [sent.id for sent in known] == [r.id for r in rows[9:]]
    assert fold_sent(known, (), nav, read(600))[0] is known
    assert fold_sent(known, (), nav, replace(read(0), asked_at=START + timedelta(hours=30)))[0] == ()


# --- older journals -------------------------------------------------------------------------------------


def test_a_state_from_before_these_were_remembered_still_decodes():
    """And goes on: what was not remembered then is empty, and the first listing is the next one."""
    desk = watched()
    desk.keys(0, *OWN, BOT)
    left(desk, 1, out("1", -100, 1), cash=900)
    told = json.loads(encode_state(desk.state))
    for name in ("sent", "keys", "funding", "absorbed", "came", "expected"):
        del told["accounts"][0]["course"][name]

    state = decode_state(json.dumps(told))

    course = state.accounts[0].course
    assert (course.sent, course.keys, course.funding, course.absorbed) == ((), None, (), None)
    assert decode_state(encode_state(desk.state)) == desk.state
