"""The prices of what an account held, as its own journal recorded them: a history where nobody gives candles.

Each read tells the marks of the account's positions and of its coins; a dollar beside another one is none.
Of a long journal so many reads are taken as are enough to count falls by the hour, evenly spread over it;
what lies between is not seen. Where nothing was read, or the asset not held, for a while, one piece of
history ends and another begins. Of the archive only the newest segments are read: one takes about a second
to unpack, and somebody waits to arm.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import inf
from pathlib import Path

import numpy as np

from guardian.core.events import SnapshotTaken
from guardian.core.metrics.exposure import is_money
from guardian.core.model import Snapshot
from guardian.errors import GuardianError
from guardian.evaluate.trips import Stretch
from guardian.journal.archive.segment import SegmentDamaged, lying, opened, rows_of
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.runtime.codec import decode_step_event

MOST_READS = 5000
MOST_SEGMENTS = 5
LONGEST_SILENCE_MS = 3_600_000
"""So long a mark counts as the last one, unless reads are further apart than that anyway."""

_BOUNDS = "SELECT min(seq), max(seq) FROM records"
_NEXT = (
    "SELECT body FROM records WHERE seq >= ? AND seq < ? AND kind = 'snapshot'"
    " AND json_extract(body, '$.event.snapshot.account') = ? ORDER BY seq LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One read: the price of everything held and its notional, by symbol (or coin), and the equity."""

    at: datetime
    equity: float
    prices: dict[str, float]
    notionals: dict[str, float]

    @property
    def leverage(self) -> float | None:
        return sum(self.notionals.values()) / self.equity if self.equity > 0 else None

    @property
    def assets(self) -> tuple[str, ...]:
        """What is held, the largest first."""
        names = sorted(self.notionals, key=lambda name: (-self.notionals[name], name))
        return tuple(dict.fromkeys(name.split("/")[0] for name in names if self.notionals[name]))


Reads = tuple[Seen, ...]


def reads_of(journal: Path, archive: Path, account: str, currency: str, most: int = MOST_READS) -> Reads:
    """At most about `most` whole reads of an account, oldest first. Raises GuardianError."""
    try:
        with closing(connect_read_only(journal)) as db:
            bodies = [*_archived(db, archive, account, most), *_spread(db, account, most)]
        events = [decode_step_event(body) for body in bodies]
    except FileNotFoundError:
        return ()
    except (OSError, sqlite3.Error, SegmentDamaged, ValueError, KeyError) as error:
        raise GuardianError(f"{journal}: cannot be read ({type(error).__name__}: {error})") from None
    snapshots = (event for event in events if isinstance(event, SnapshotTaken))
    return tuple(seen for each in snapshots if (seen := _seen(each.at, each.snapshot, currency)))


def _archived(db: sqlite3.Connection, archive: Path, account: str, most: int) -> Iterator[str]:
    """Records that have left the live file, from the newest segments of its chain."""
    chain, (live, _) = read_meta(db, CHAIN) or "", db.execute(_BOUNDS).fetchone()
    own = [each for each in lying(archive) if each.of(chain)]
    for each in own[-MOST_SEGMENTS:]:
        step = max(1, (each.last - each.first + 1) * MOST_SEGMENTS // most)
        due = each.first
        for row in rows_of(opened(each.path)):
            gone = live is None or row.seq < live
            if row.seq >= due and gone and row.kind == "snapshot" and _account(row.body) == account:
                due = row.seq + step
                yield row.body


def _account(body: str) -> str:
    return str(json.loads(body)["event"]["snapshot"]["account"])


def _spread(db: sqlite3.Connection, account: str, most: int) -> Iterator[str]:
    first, last = db.execute(_BOUNDS).fetchone()
    if first is None:
        return
    places = np.unique(np.linspace(first, last + 1, most + 1).astype(np.int64)).tolist()
    for begins, ends in pairwise(places):
        row = db.execute(_NEXT, (begins, ends, account)).fetchone()
        if row is not None:
            yield str(row[0])


def _seen(at: datetime, snapshot: Snapshot, currency: str) -> Seen | None:
    """None where the wallet or the positions could not be read."""
    wallet, positions = snapshot.wallet, snapshot.positions
    if wallet is None or positions is None:
        return None
    sound = (coin for coin in wallet.balances if coin.price.is_finite())
    coins = (coin for coin in sound if not is_money(coin, currency))
    held = [(leg.symbol, float(leg.mark), abs(float(leg.worth))) for leg in positions]
    held += [(coin.currency, float(coin.price), abs(float(coin.quantity * coin.price))) for coin in coins]
    prices: dict[str, float] = {}
    notionals: dict[str, float] = {}
    for name, price, notional in held:
        if 0 < price < inf and notional < inf:  # a read may hold a number that is none
            prices[name], notionals[name] = price, notionals.get(name, 0.0) + notional
    return Seen(at, float(wallet.equity), prices, notionals)


def largest(reads: Sequence[Seen], symbol: str) -> str:
    """What was held most when anything was held last: of `symbol`, where it names one. "" for nothing."""
    for seen in reversed(reads):
        held = {
            name: notional
            for name, notional in seen.notionals.items()
            if notional and (not symbol or symbol in (name, name.split("/")[0]))
        }
        if held:
            return max(sorted(held), key=held.__getitem__)
    return ""


def pieces(reads: Sequence[Seen], name: str) -> tuple[Stretch, ...]:
    """The marks of one of them, each piece without a silence."""
    known = [(round(seen.at.timestamp() * 1000), seen.prices[name]) for seen in reads if name in seen.prices]
    if len(known) < 2:
        return ()
    at, price = (np.array(column) for column in zip(*known, strict=True))
    steps = np.diff(at)
    silence = max(LONGEST_SILENCE_MS, 3 * int(np.median(steps)))
    cuts = np.flatnonzero(steps > silence) + 1
    both = zip(np.split(at, cuts), np.split(price, cuts), strict=True)
    return tuple(Stretch(a.astype(np.int64), p.astype(float)) for a, p in both if len(a) > 1)
