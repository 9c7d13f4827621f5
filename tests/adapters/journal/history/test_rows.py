"""Rows of orders, fills and ledger: each once, with the record that told it, whatever comes again."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.events import ActivityTaken, SnapshotTaken
from guardian.core.model import LedgerKind
from guardian.journal import SqliteJournal, import_direct
from guardian.journal.history.check import compare
from guardian.journal.history.derive import derive
from guardian.journal.history.read import Sought, read_rows
from guardian.journal.history.shapes import FILLS, LEDGER, ORDERS, TABLES
from tests.adapters.journal.history.deeds import (
    ACCOUNT,
    ORIGIN,
    START,
    activity,
    body,
    booked,
    entry,
    fill,
    ids,
    order,
    stored,
    write,
    written,
)


async def test_every_row_lands_as_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    flow = entry(3, LedgerKind.FLOW, "-5000")

    await written(path, activity((fill(1),), (order(2),)), booked(flow))

    (made,) = read_rows(path, FILLS, Sought(), {ACCOUNT: ("ft-",)})
    assert made == {
        "account": ACCOUNT,
        "id": "e1",
        "at": START + timedelta(seconds=1),
        "symbol": "BTC/USDT:USDT",
        "side": "buy",
        "quantity": Decimal("0.010"),
        "price": Decimal("64001.5"),
        "fee": Decimal("0.3520"),
        "fee_currency": "USDT",
        "order_id": "o1",
        "client_id": "ft-1",
        "closed": Decimal(0),
        "realised": None,
        "contract_size": Decimal(1),
        "inverse": False,
        "cause": "trade",
        "by": "bot",
    }
    (past,) = read_rows(path, ORDERS, Sought(), {})
    assert (past["id"], past["status"], past["price"], past["average"], past["by"]) == (
        "o2",
        "filled",
        Decimal(64000),
        Decimal("64000.5"),
        "other",
    )
    (moved,) = read_rows(path, LEDGER, Sought(), {})
    assert moved == {
        "account": ACCOUNT,
        "id": "l3",
        "at": START + timedelta(seconds=3),
        "kind": "flow",
        "currency": "USDT",
        "change": Decimal(-5000),
    }


async def test_a_row_that_comes_again_is_one_row(tmp_path: Path) -> None:
    """Told twice in a record, in two records, and by a guardian that was started again."""
    path = tmp_path / "journal.db"
    await written(path, activity((fill(1), fill(1)), (order(1),)), booked(entry(1)), booked(entry(1)))

    await written(path, activity((fill(1), fill(2)), (order(1),)), booked(entry(1), entry(2)))

    assert ids(path, "fills") == ["e1", "e2"]
    assert ids(path, "orders") == ["o1"]
    assert ids(path, "ledger") == ["l1", "l2"]


async def test_the_same_id_on_another_account_is_another_row(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    await written(path, activity((fill(1),)), activity((fill(1),), account="other"))

    assert stored(path, "fills", "account", "id") == [(ACCOUNT, "e1"), ("other", "e1")]


async def test_an_order_seen_again_later_updates_its_status(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    await written(
        path,
        activity(orders=(order(1, "partly", after=1),)),
        activity(orders=(order(1, "cancelled", after=9),)),
        activity(orders=(order(1, "partly", after=5),)),
    )

    assert stored(path, "orders", "status", "seq") == [("cancelled", 2)]


async def test_a_failed_part_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    blind = replace(booked().snapshot, ledger=None)

    await written(path, activity(None, None), SnapshotTaken(START, blind), booked())

    assert [stored(path, table.name, "id") for table in TABLES] == [[], [], []]


WORDS = [
    "event",
    "activity",
    "snapshot",
    "ledger",
    "fills",
    "orders",
    "account",
    "id",
    "at",
    "direct",
    "body",
]

deeds = st.one_of(
    st.builds(lambda n: activity((fill(n),)), st.integers(0, 5)),
    st.builds(
        lambda n, after: activity(orders=(order(n, f"status {after}", after),)),
        st.integers(0, 3),
        st.integers(0, 5),
    ),
    st.builds(lambda n: booked(entry(n), entry(n + 1)), st.integers(0, 5)),
    st.just(booked()),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(deeds, min_size=1, max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_duplicates_and_reorders_change_nothing(
    events: list[ActivityTaken | SnapshotTaken], chance: object, restart: int
) -> None:
    """The rows of any telling are those of a plain one, and what its records vouch for."""
    again = [*events, *events]
    chance.shuffle(again)  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder:
        plain, mixed = Path(folder) / "plain.db", Path(folder) / "mixed.db"
        asyncio.run(written(plain, *events))
        asyncio.run(written(mixed, *again[:restart]))
        asyncio.run(written(mixed, *again[restart:]))

        for table in TABLES:
            told = [name for name in table.names if name != "seq"]
            assert stored(mixed, table.name, *told) == stored(plain, table.name, *told)
            assert compare(mixed, Path(folder) / "archive", table).ok


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["activity", "snapshot", "direct", "tick"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "event",
                        "activity",
                        "snapshot",
                        "ledger",
                        "fills",
                        "orders",
                        "account",
                        "id",
                        "at",
                        "direct",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
)
def test_any_body_gives_rows_or_none(kind: str, told: object) -> None:
    """Records of another shape must not end what derives rows from them."""
    text = json.dumps(told, separators=(",", ":"))

    assert derive(1, kind, text).unfit >= 0
    assert derive(1, kind, '"ledger":[{' + text).rows == ()


async def test_a_row_without_an_id_is_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path, ORIGIN)

    seq = await journal.append(START, "activity", body(activity((fill(1), fill(2, id="")))))
    problem = await journal.mend_history(tmp_path / "archive")
    later = await journal.mend_history(tmp_path / "archive")
    await journal.close()

    assert (seq, ids(path, "fills")) == (1, ["e1"])
    assert (problem, later) == ("1 rows of a record have no shape of one", "")


async def test_what_a_direct_action_saw_is_kept_too(tmp_path: Path) -> None:
    path, direct = tmp_path / "journal.db", tmp_path / "direct-20261121T090000Z.db"
    await written(direct, activity((fill(1, "gdn-1"),)), booked(entry(1)))
    journal = SqliteJournal(path, ORIGIN)

    added = await import_direct(journal, direct)
    await journal.close()

    assert added == 2
    assert (ids(path, "fills"), ids(path, "ledger")) == (["e1"], ["l1"])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM fills WHERE id = 'e2'", (1, 0, 0)),
        ("UPDATE fills SET price = '1' WHERE id = 'e2'", (0, 1, 0)),
        ("INSERT INTO fills (account, id, at, seq) VALUES ('x', 'y', 'z', 1)", (0, 0, 1)),
        ("UPDATE fills SET id = 'e9' WHERE id = 'e2'", (1, 0, 1)),
    ],
)
async def test_the_check_finds_every_edit(tmp_path: Path, change: str, found: tuple[int, int, int]) -> None:
    path = tmp_path / "journal.db"
    await written(path, activity((fill(1), fill(2), fill(3))))
    before = compare(path, tmp_path / "archive", FILLS)
    with closing(sqlite3.connect(path)) as db:
        db.execute(change)
        db.commit()

    after = compare(path, tmp_path / "archive", FILLS)

    assert (before.ok, before.rows, before.first, before.last) == (True, 3, 1, 1)
    assert (after.missing, after.changed, after.untold) == found
    assert not after.ok
    assert after.named


async def test_rows_are_read_while_they_are_written(tmp_path: Path) -> None:
    """The commands read beside a daemon that writes."""
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path, ORIGIN)
    await write(journal, activity((fill(1),)))

    there = [row["id"] for row in read_rows(path, FILLS, Sought(), {})]
    await write(journal, activity((fill(2),)))
    then = [row["id"] for row in read_rows(path, FILLS, Sought(), {})]
    await journal.close()

    assert (there, then) == (["e1"], ["e1", "e2"])
