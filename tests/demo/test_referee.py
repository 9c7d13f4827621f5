"""The referee's arithmetic on a recorded truth: what it counts decides whether the demo may say it worked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guardian.demo.referee import Asked, Truth, asked_of, judge, read_truth
from guardian.demo.timeline import Result

T0 = datetime(2026, 1, 1, tzinfo=UTC)
BOT, HANDS = "botkey", "handskey"


def iso(seconds: float) -> str:
    return (T0 + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(at: float, key: str, code: int, link: str, **more: Any) -> dict[str, Any]:
    return {
        "n": 1,
        "at": iso(at),
        "path": "/v5/order/create",
        "method": "POST",
        "key": key,
        "order_link_id": link,
        "code": code,
        "effect_at": iso(at + 0.004),
        **more,
    }


RECORDED = [
    row(-5.0, HANDS, 0, "gdn-reduce-1"),
    row(-1.0, BOT, 0, "bot-1"),
    row(0.006, HANDS, 0, "gdn-flat-1"),
    row(0.007, HANDS, 0, "gdn-flat-2"),
    row(0.038, BOT, 10005, "bot-2"),
    row(0.300, BOT, 10005, "bot-3"),
    row(3.100, BOT, 10003, "bot-4"),
    {**row(0.020, BOT, 0, "x"), "path": "/v5/position/list", "method": "GET"},
]


def page(**changes: Any) -> dict[str, Any]:
    account = {
        "name": "sim-1",
        "equity": "94000.5",
        "positions": [],
        "orders": [],
        "sign_flips": 0,
        "keys": [{"id": BOT, "fenced_at": iso(0.040), "deleted_at": iso(3.007)}, {"id": HANDS}],
        "executions": [{"at": iso(-4.9)}, {"at": iso(0.029)}],
        **changes,
    }
    return {"now": iso(12), "accounts": [account], "prices": {"BTCUSDT": "40000"}}


def truth(rows: list[dict[str, Any]], **changes: Any) -> Truth:
    answer = page(**changes)
    asked = tuple(order for line in rows for order in asked_of(line))
    return read_truth(answer, answer["accounts"][0], asked, BOT)


def test_durations_end_at_the_venues_receipt_and_effect() -> None:
    """Closes of an earlier REDUCE are not the first order of this breach."""
    found = judge(truth(RECORDED), BOT, T0)

    assert found.breach_to_first_order_ms == 6.0
    assert found.fenced_s == 0.04
    assert found.flat_s == 0.029
    assert found.key_deleted_s == 3.007


def test_orders_of_the_bot_are_counted_by_when_they_took_effect() -> None:
    """An order that was under way when the fence closed is judged by what the venue decided after it."""
    under_way = row(0.038, BOT, 0, "bot-9")

    fine, broken = judge(truth(RECORDED), BOT, T0), judge(truth([*RECORDED, under_way]), BOT, T0)

    assert (fine.bot_orders_accepted_after_fence, fine.bot_orders_refused_after_fence) == (0, 3)
    assert broken.bot_orders_accepted_after_fence == 1


def test_an_open_position_is_not_flat_whatever_was_closed() -> None:
    leg = {"symbol": "BTCUSDT", "size": "-0.5", "notional": "-20000"}

    found = judge(truth(RECORDED, positions=[leg], orders=[{}, {}], sign_flips=1), BOT, T0)

    assert found.flat_s is None
    assert (found.positions_left, found.orders_left, found.sign_flips) == (1, 2, 1)


def test_without_a_breach_or_a_fence_there_is_no_duration_and_no_count() -> None:
    keys = [{"id": BOT, "fenced_at": None, "deleted_at": None}]

    found = judge(truth(RECORDED, keys=keys), BOT, None)

    assert (found.fenced_s, found.flat_s, found.breach_to_first_order_ms) == (None, None, None)
    assert (found.bot_orders_accepted_after_fence, found.bot_orders_refused_after_fence) == (0, 0)


def test_a_batch_is_one_order_for_each_of_its_rows() -> None:
    batch = {
        **row(0.1, HANDS, 0, ""),
        "path": "/v5/order/create-batch",
        "orders": [{"order_link_id": "gdn-1"}, {"order_link_id": "gdn-2"}],
    }

    orders: list[Asked] = asked_of(batch)

    assert [order.client_id for order in orders] == ["gdn-1", "gdn-2"]


def result(**changes: Any) -> Result:
    values: dict[str, Any] = {
        "seed": 1,
        "level": "LOCKOUT",
        "findings": judge(truth(RECORDED), BOT, T0),
        "verified_flat_s": 3.0,
        "probe": "10003",
        "equity_at_breach": 94_100.0,
        "equity_final": 94_000.5,
        "notifications": {"slack": 5, "pagerduty": 1},
        "journal": {"records": 9, "verified": True},
        "picture": "/p.png",
        "bot_killed_s": 11.0,
        "seconds": 48.0,
    }
    return Result(**{**values, **changes})


def test_a_good_run_meets_every_condition_and_says_what_the_contract_says() -> None:
    document = result().document()

    promised = [
        "seed",
        "level",
        "breach_to_first_order_ms",
        "fenced_s",
        "flat_s",
        "verified_flat_s",
        "key_dead",
        "positions_left",
        "orders_left",
        "bot_orders_accepted_after_fence",
        "bot_orders_refused_after_fence",
        "sign_flips",
        "equity_at_breach",
        "equity_final",
        "notifications",
        "journal",
        "picture",
    ]
    assert document["unmet"] == []
    assert set(promised) <= set(document)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"level": "FLATTEN"}, "FLATTEN, not LOCKOUT"),
        ({"verified_flat_s": None}, "never verified"),
        ({"probe": "0"}, "probe got 0"),
        ({"probe": "10005"}, "probe got 10005"),
        ({"probe": "timeout"}, "probe got timeout"),
        ({"notifications": {"slack": 5, "pagerduty": 0}}, "0 pages"),
        ({"notifications": {"slack": 5, "pagerduty": 2}}, "2 pages"),
        ({"journal": {"records": 9, "verified": False}}, "journal does not verify"),
        ({"bot_killed_s": None}, "never killed the bot"),
        ({"findings": judge(truth(RECORDED, orders=[{}]), BOT, T0)}, "1 orders are left"),
        ({"findings": judge(truth(RECORDED, sign_flips=2), BOT, T0)}, "2 positions crossed zero"),
        ({"findings": judge(truth(RECORDED[:4]), BOT, T0)}, "no order of the bot was refused"),
        ({"findings": judge(truth([*RECORDED, row(1, BOT, 0, "b")]), BOT, T0)}, "1 orders of the bot were"),
    ],
)
def test_each_condition_alone_fails_the_demo_and_is_named(changes: dict[str, Any], words: str) -> None:
    unmet = result(**changes).unmet()

    assert len(unmet) == 1
    assert words in unmet[0]
