"""The checkers: each looks at one finished life and names what guardian did wrong. They trust the venue only.

Pure functions over a `Life`; `tests/crash/test_checks.py` holds a lie against each.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing

from guardian.core.model import Level
from guardian.journal import verify_file
from tests.crash.evidence import Held, Life, Struck, orders
from tests.integration.troupe import crossings, executed

ACT_SECONDS = 2.0
DEAD_KEY = 10003
_OURS = re.compile(r"gdn-([^-]+)-")

Checker = Callable[[Life], Iterable[str]]


def ends_flat(life: Life) -> Iterable[str]:
    if life.books["positions"] or life.books["orders"]:
        yield f"left {len(life.books['positions'])} positions and {len(life.books['orders'])} orders"
    if not life.incident.get("verified_flat_at"):
        yield "never verified flat"


def ends_locked_out(life: Life) -> Iterable[str]:
    if life.account.get("level") != "LOCKOUT":
        yield f"ends at {life.account.get('level')}"
    if life.probe != DEAD_KEY:
        yield f"the bot's key still gets code {life.probe}"


def closes_nothing_twice(life: Life) -> Iterable[str]:
    """What guardian executed is exactly what was there, and no execution went beyond zero."""
    want = {symbol: -size for symbol, size in life.sizes.items()}
    if (got := executed(life.books)) != want:
        yield f"closed {got}, was to close {want}"
    yield from crossings(life.books)
    if life.books["sign_flips"]:
        yield f"{life.books['sign_flips']} positions changed sign"


def closes_only(life: Life) -> Iterable[str]:
    for row in orders(life.requests):
        if not row["reduce_only"]:
            yield f"an order that is not reduce-only: {row['order_link_id']}"


def resumes_the_incident(life: Life) -> Iterable[str]:
    """One code in every client id that the venue ever saw, and in every status after a restart."""
    codes = {m[1] for row in orders(life.requests) if (m := _OURS.match(row["order_link_id"] or ""))}
    codes |= {held.incident for s in life.struck for held in (s.before, s.after) if held and held.incident}
    codes |= {life.incident.get("id", "")}
    if len(codes) != 1:
        yield f"more than one incident: {sorted(codes)}"
    for s, after in _returned(life):
        if s.before.incident and s.before.incident != after.incident:
            yield f"{s.where}: incident {s.before.incident} became {after.incident or 'none'}"


def keeps_latch_and_arming(life: Life) -> Iterable[str]:
    for s, after in _returned(life):
        if s.before.level and Level[after.level] < Level[s.before.level]:
            yield f"{s.where}: {s.before.level} became {after.level}"
        if not after.armed:
            yield f"{s.where}: no longer armed"


def keeps_the_baseline(life: Life) -> Iterable[str]:
    """The loss is still measured from the peak of before the crash, and no rule starts to warm up again."""
    if life.drawdown < life.case.loss * 0.9:
        yield f"drawdown {life.drawdown:.4f} after a loss of {life.case.loss}"
    for s, after in _returned(life):
        if after.verdict == "warming":
            yield f"{s.where}: the rule has lost its baseline"


def acts_in_time(life: Life) -> Iterable[str]:
    """Where the venue's truth left something to do; where not, the next thing to do is to look."""
    for s in life.struck:
        took, what = (s.pace.act_s, "act") if s.pace.due else (s.pace.look_s, "read")
        if took is not None and took > ACT_SECONDS:
            yield f"{s.where}: first {what} after {took:.2f} s"


def journals_before_it_acts(life: Life) -> Iterable[str]:
    """Every order that the venue received stands in the journal: none was sent ahead of its record."""
    telling = "SELECT body FROM records WHERE body LIKE '%gdn-%' OR body LIKE '%a commit took longer%'"
    with closing(sqlite3.connect(f"file:{life.journal}?mode=ro", uri=True)) as db:
        text = "\n".join(body for (body,) in db.execute(telling))
    if "a commit took longer" in text:
        return  # A declared gap: the disk hung, and acting went first.
    for link in {row["order_link_id"] for row in orders(life.requests)}:
        if f'"{link}"' not in text:
            yield f"order {link} is not in the journal"


def keeps_its_journal(life: Life) -> Iterable[str]:
    verification = verify_file(life.journal)
    if not verification.ok:
        yield f"the journal does not verify: {verification.problem}"


CHECKS: tuple[Checker, ...] = (
    ends_flat,
    ends_locked_out,
    closes_nothing_twice,
    closes_only,
    resumes_the_incident,
    keeps_latch_and_arming,
    keeps_the_baseline,
    acts_in_time,
    journals_before_it_acts,
    keeps_its_journal,
)


def violations(life: Life) -> list[str]:
    return [f"{check.__name__}: {said}" for check in CHECKS for said in check(life)]


def _returned(life: Life) -> list[tuple[Struck, Held]]:
    """The blows after which guardian answered again, and what it said then."""
    return [(s, s.after) for s in life.struck if s.after is not None]
