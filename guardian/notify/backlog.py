"""How fast, how often, in which order, and when many late messages become one. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from guardian.core.model import Level
from guardian.notify.render import headline, stamp
from guardian.ports import Message, Outgoing

DIGEST_LINES = 50
POISON_TRIES = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """`gap_seconds` between two messages of one channel; retries from `first_retry` to `last_retry` seconds.

    More than `digest_over` messages older than `digest_age` seconds become one.
    """

    look_seconds: float = 0.2
    gap_seconds: float = 1.0
    first_retry_seconds: float = 1.0
    last_retry_seconds: float = 60.0
    digest_over: int = 10
    digest_age_seconds: float = 60.0
    send_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Round:
    """What one channel is to get now: `single` one by one, then `digest` standing for `collapsed`."""

    single: tuple[Outgoing, ...]
    collapsed: tuple[Outgoing, ...] = ()
    digest: Message | None = None


def retry_seconds(pace: Pace, outgoing: Outgoing) -> float:
    """Doubling with the attempts; up to a quarter shorter, by a fraction that belongs to this try."""
    nominal = min(pace.last_retry_seconds, pace.first_retry_seconds * 2.0 ** min(outgoing.attempts, 16))
    seed = f"{outgoing.channel}/{outgoing.message.key}/{outgoing.attempts}".encode()
    return nominal * (1 - 0.25 * (zlib.crc32(seed) % 1000) / 1000)


@dataclass(slots=True)
class Blame:
    """Whether it is the channel that fails, or one message that it will never take.

    A key that fails twice right after another one was taken is poisonous. `failed` is the key that failed
    last: one other is tried before it, so that a poisonous key is found out.
    """

    failed: str = ""
    healthy: bool = True
    counts: dict[str, int] = field(default_factory=dict)

    def taken(self, key: str) -> None:
        self.healthy = True
        self.counts.pop(key, None)
        if self.failed == key:
            self.failed = ""

    def refused(self, key: str) -> None:
        if self.healthy:
            self.counts[key] = self.counts.get(key, 0) + 1
        self.healthy, self.failed = False, key

    def poisonous(self, key: str) -> bool:
        return self.counts.get(key, 0) >= POISON_TRIES


def ordered(rows: Sequence[Outgoing], blame: Blame) -> tuple[Outgoing, ...]:
    """The worst news first, also after an outage; within one key by age; a poisonous key last."""
    worst: dict[str, int] = {}
    for row in rows:
        level = Level.__members__.get(row.message.level, Level.NORMAL)
        worst[row.message.key] = max(worst.get(row.message.key, 0), level)

    def rank(row: Outgoing) -> tuple[bool, int, datetime, int]:
        key = row.message.key
        return blame.poisonous(key), -worst[key], row.message.at, abs(row.id)

    line = sorted(rows, key=rank)
    if line and line[0].message.key == blame.failed:
        other = next((n for n, row in enumerate(line) if row.message.key != blame.failed), 0)
        line.insert(0, line.pop(other))
    return tuple(line)


def plan_round(rows: Sequence[Outgoing], now: datetime, pace: Pace, pager: bool, blame: Blame) -> Round:
    """Collapse what is late and many. The newest trigger of each key always goes out by itself.

    On a pager every resolve does too, and there is no digest: a repeated event only joins its incident.
    """
    late = [row for row in rows if now - row.message.at > timedelta(seconds=pace.digest_age_seconds)]
    if len(late) <= pace.digest_over:
        return Round(ordered(rows, blame))
    newest = {
        row.message.key: row.id for row in ordered_by_age(rows) if row.message.notification == "trigger"
    }
    collapsed = tuple(
        row
        for row in ordered_by_age(late)
        if row.id != newest.get(row.message.key) and not (pager and row.message.notification == "resolve")
    )
    gone = {row.id for row in collapsed}
    single = ordered([row for row in rows if row.id not in gone], blame)
    if len(collapsed) < 2 and not pager:
        return Round(ordered(rows, blame))
    return Round(single, collapsed, None if pager else digest(collapsed, now))


def ordered_by_age(rows: Sequence[Outgoing]) -> list[Outgoing]:
    return sorted(rows, key=lambda row: (row.message.at, abs(row.id)))


def digest(collapsed: Sequence[Outgoing], now: datetime) -> Message:
    """One message that names each late one; it takes the highest level among them."""
    messages = [row.message for row in collapsed]
    level = max((Level[m.level] for m in messages if m.level in Level.__members__), default=Level.CAUTION)
    accounts = sorted({m.account for m in messages})
    lines = [f"{stamp(m.at)} {headline(m)}" for m in messages[-DIGEST_LINES:]]
    left_out = len(messages) - len(lines)
    return Message(
        key=f"guardian/{messages[0].instance}/digest/{collapsed[0].channel}",
        notification="trigger",
        level=level.name,
        account=accounts[0] if len(accounts) == 1 else f"{len(accounts)} accounts",
        title=f"{len(messages)} earlier messages that could not be delivered in time",
        lines=(*([f"{left_out} older ones are in the journal"] if left_out else []), *lines),
        would=all(m.would for m in messages),
        at=now,
        instance=messages[0].instance,
    )


def told_again(message: Message, now: datetime, repeat_seconds: float | None) -> Message:
    """A trigger that is old enough to be a repetition says since when it lasts."""
    if repeat_seconds is None or now - message.at < timedelta(seconds=repeat_seconds):
        return message
    return replace(message, lines=(*message.lines, f"Unresolved since {stamp(message.at)}."))
