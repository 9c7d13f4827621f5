"""The rehearsal: the whole chain with the account's own rules, on a simulated venue, in its own processes.

Every time but guardian's own t0 and its claim of a verified flat is read from the venue's books.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Any

from guardian.config.shapes import AccountConfig, Config
from guardian.core.model import Level
from guardian.drill.course import Course, Failed, Tell
from guardian.drill.ground import account_of
from guardian.drill.page import Prompt
from guardian.drill.report import Drill
from guardian.drill.stage import LOOK_S, Stage, set_up
from guardian.errors import RefusedError
from guardian.journal.chain import OWN_KINDS
from guardian.journal.read import Wanted, read_records
from guardian.journal.sqlite import FILE_NAME
from guardian.runtime.casebook.tell import followed, tell
from guardian.runtime.codec import decode_step_event

WARM_S, ACT_S, FLAT_S, KEY_S, PAGE_S = 40.0, 60.0, 60.0, 90.0, 60.0
FIRST_S, FENCE_S, VERIFY_S = 5.0, 30.0, 10.0
STEP_LOSS, MOST_LOSS = Decimal("0.005"), 0.4
PAUSE_S = 0.4
PAGE_SETTLES_S = 5.0
NOBODY = "no message came; without routes in the configuration nobody is told"


@dataclass(frozen=True, slots=True)
class Stalls:
    """Who follows the rehearsal; see `live.Audience`."""

    tell: Tell
    prompt: Prompt


async def rehearse(config: Config, name: str | None, seed: int, stalls: Stalls) -> Drill:
    """Raises RefusedError for an account whose venue cannot be simulated; touches nothing of the real one."""
    account = _chosen(config, name)
    began, course = datetime.now(UTC), Course(stalls.tell)
    facts: dict[str, Any] = {"seed": seed}
    async with set_up(config, account, seed) as stage:
        play = Play(stage, course, facts)
        await play.arm()
        await play.crash()
        await play.judge()
        lines = await asyncio.to_thread(_told, stage.place.root / "state" / FILE_NAME, facts.get("t0"))
    return Drill("rehearse", account.name, config.instance, began, tuple(course.steps), facts, lines)


def _told(journal: Path, t0: str | None) -> tuple[str, ...]:
    """The incident as guardian's journal has it, from the first change of level on; second 0 is the breach.

    The market falls all the time: a read is told where something followed from it.
    """
    try:
        records = read_records(journal, Wanted())
    except (OSError, sqlite3.Error) as error:
        return (f"the journal cannot be read: {type(error).__name__}",)
    events = [decode_step_event(record.body) for record in records if record.kind not in OWN_KINDS]
    steps = dropwhile(lambda step: not any(d.what == "level" for d in step.decisions), followed(events))
    lines = tell(steps, None if t0 is None else datetime.fromisoformat(t0))
    quiet = {n for n, (line, after) in enumerate(pairwise([*lines, ">" * 8])) if _is_quiet(line, after)}
    return tuple(line for n, line in enumerate(lines) if n not in quiet)


def _is_quiet(line: str, after: str) -> bool:
    """A read or a tick with a fact after it: nothing followed."""
    return line[7:14] in ("> read ", "> tick") and after[7] == ">"


def _chosen(config: Config, name: str | None) -> AccountConfig:
    account = account_of(config, name) if name else config.accounts[0]
    if account.venue != "bybit":
        raise RefusedError(
            f"{account.name}: there is no simulated {account.venue} yet; bybit can be rehearsed"
        )
    return account


class Play:
    """Arm, crash, judge. `facts` fills with what happened."""

    def __init__(self, stage: Stage, course: Course, facts: dict[str, Any]) -> None:
        self._stage = stage
        self._course = course
        self._facts = facts
        self._incident: Mapping[str, Any] = {}

    async def arm(self) -> None:
        await self._course.take("armed and warm", WARM_S, self._arm)

    async def crash(self) -> None:
        await self._course.take("guardian acts", ACT_S, self._crash, ("armed and warm",))

    async def judge(self) -> None:
        """Everything since t0, each against its budget."""
        if not self._course.ok("guardian acts"):
            for name, budget_s in (("verified flat", FLAT_S), ("page arrived", PAGE_S)):
                self._course.skip(name, budget_s, "needs: guardian acts")
            return
        incident = await self._settled()
        moments = await self._moments(incident)
        self._facts |= {name: self._since(at) for name, at in moments.items()}
        for name, budget_s, fact, source in (
            ("first order", FIRST_S, "first_order_s", "by the venue's books"),
            ("bot's key fenced", FENCE_S, "fenced_s", "by the venue's books"),
            ("flat at the venue", FLAT_S, "flat_s", "by the venue's books"),
            ("verified flat", FLAT_S + VERIFY_S, "verified_flat_s", "by guardian's claim"),
        ):
            self._course.measured(name, budget_s, self._facts[fact], f"seconds after the breach, {source}")
        if incident["level"] == Level.LOCKOUT.name:
            self._course.measured("bot's key dead", KEY_S, self._facts["key_dead_s"], "by the venue's books")
        await self._course.take("no position, no order left", VERIFY_S, self._empty)
        await self._paged()

    async def _arm(self) -> str:
        name = self._stage.name
        await self._stage.control.operate("arm", {"account": name, "accept_undrilled": "rehearsal"})
        account = await self._stage.until(_warm, WARM_S)
        rules = [rule["id"] for rule in account["rules"] if rule["armed"]]
        return f"{len(rules)} armed rules: {', '.join(rules)}"

    async def _crash(self) -> str:
        """The market falls against every position until a rule of the account acts; else an operator does."""
        start = float((await self._stage.books())["equity"])
        account = await self._stage.until(lambda account: True, WARM_S)
        own = _may_flatten(account)
        loss = 0.0
        while loss < (MOST_LOSS if own else _worst(account)):
            await self._fall()
            await asyncio.sleep(PAUSE_S)
            account = await self._stage.until(lambda account: True, WARM_S)
            loss = 1 - float((await self._stage.books())["equity"]) / start
            if _flattening(account):
                break
        if not _flattening(account):
            account = await self._demand()
        self._note(account, loss)
        return f"{self._facts['level']} by {self._facts['rule']}, at a loss of {loss:.1%}"

    async def _demand(self) -> Mapping[str, Any]:
        body = {"account": self._stage.name, "level": "LOCKOUT", "reason": "rehearsal: no rule flattens"}
        await self._stage.control.operate("demand", body)
        return await self._stage.until(_flattening, WARM_S)

    def _note(self, account: Mapping[str, Any], loss: float) -> None:
        """The level, and the rule that demands it; what nobody's rule demands, the operator did."""
        self._incident = incident = account["incident"]
        rules = [rule["id"] for rule in account["rules"] if rule["worst"] == incident["level"]]
        self._facts |= {"level": incident["level"], "rule": next(iter(rules), "operator")}
        self._facts |= {"loss": round(loss, 4), "t0": incident["t0"]}

    async def _fall(self) -> None:
        """One more half percent of equity lost, spread over the positions by their size."""
        books = await self._stage.books()
        gross = sum((abs(Decimal(leg["notional"])) for leg in books["positions"]), Decimal(0))
        if not gross:
            return
        move = STEP_LOSS * Decimal(books["equity"]) / gross
        prices = {}
        for leg in books["positions"]:
            side = 1 if Decimal(leg["size"]) > 0 else -1
            prices[leg["symbol"]] = str(Decimal(leg["mark"]) * (1 - side * move))
        await self._stage.move(prices)

    async def _settled(self) -> Mapping[str, Any]:
        """The incident once nothing more is to come, or as it is when the longest budget has ended."""
        try:
            account = await self._stage.until(_is_over, KEY_S)
        except TimeoutError:
            account = await self._stage.until(lambda account: True, WARM_S)
        return _incident(account)

    async def _moments(self, incident: Mapping[str, Any]) -> dict[str, str | None]:
        """When each thing happened: by the venue's books, but for guardian's claim of having verified."""
        page = await self._stage.truth()
        books = page["accounts"][0]
        key: Mapping[str, Any] = next((row for row in books["keys"] if row["id"] == self._stage.bot_key), {})
        closes = [row["at"] for row in page["requests"] if _is_close(row, self._stage.bot_key)]
        last = max((row["at"] for row in books["executions"]), default=None)
        self._facts |= {"positions_left": len(books["positions"]), "orders_left": len(books["orders"])}
        return {
            "first_order_s": min((at for at in closes if (self._since(at) or -1) >= 0), default=None),
            "fenced_s": key.get("fenced_at"),
            "flat_s": None if books["positions"] else last,
            "verified_flat_s": incident["verified_flat_at"],
            "key_dead_s": key.get("deleted_at"),
        }

    async def _empty(self) -> str:
        positions, orders = self._facts["positions_left"], self._facts["orders_left"]
        if positions or orders:
            raise Failed(f"{positions} positions and {orders} orders are left")
        return "by the venue's books"

    async def _paged(self) -> None:
        """How long after the breach the first message came; a warning before it is not the page."""
        t0, received = datetime.fromisoformat(self._incident["t0"]), self._stage.receiver.received
        for _ in range(round(PAGE_SETTLES_S / LOOK_S)):
            if any(at >= t0 for at in received):
                break
            await asyncio.sleep(LOOK_S)
        first = min((at for at in received if at >= t0), default=None)
        self._facts["pages"] = len(received)
        took = None if first is None else round((first - t0).total_seconds(), 3)
        why = f"{len(received)} messages at the local receivers"
        self._course.measured("page arrived", PAGE_S, took, why if received else NOBODY)

    def _since(self, at: str | None) -> float | None:
        if at is None:
            return None
        t0 = datetime.fromisoformat(self._incident["t0"])
        return round((datetime.fromisoformat(at) - t0).total_seconds(), 3)


def _incident(account: Mapping[str, Any]) -> Mapping[str, Any]:
    return account["incident"] or {}


def _flattening(account: Mapping[str, Any]) -> bool:
    incident = _incident(account)
    return bool(incident.get("t0")) and Level[incident["level"]] >= Level.FLATTEN


def _warm(account: Mapping[str, Any]) -> bool:
    """Every rule that can flatten has its baseline; forecasts learn for hours, and are not rehearsed."""
    verdicts = [rule["verdict"] for rule in account["rules"] if rule["armed"] and _reaches(rule)]
    return bool(account["armed"]) and not account["warming"] and "warming" not in verdicts


def _may_flatten(account: Mapping[str, Any]) -> bool:
    return any(_reaches(rule) for rule in account["rules"] if rule["armed"])


def _is_over(account: Mapping[str, Any]) -> bool:
    """Flat, the key dead where it is to be, and the bot stopped, which waits for the key's death."""
    incident = _incident(account)
    alive = incident.get("level") == Level.LOCKOUT.name and not incident["key_dead_at"]
    return bool(incident.get("verified_flat_at") and incident["bots_stopped_at"]) and not alive


def _reaches(rule: Mapping[str, Any]) -> bool:
    return any(Level[rung["level"]] >= Level.FLATTEN for rung in rule["ladder"])


def _worst(account: Mapping[str, Any]) -> float:
    """The deepest loss that a rule of this account names; a tenth when none names one."""
    losses = [
        rung["limit"]
        for rule in account["rules"]
        if rule["metric"] in ("drawdown", "daily_loss", "daily_drawdown")
        for rung in rule["ladder"]
    ]
    return min(max(losses, default=0.1), MOST_LOSS)


def _is_close(row: Mapping[str, Any], bot_key: str) -> bool:
    created = row["method"] == "POST" and row["path"].startswith("/v5/order/create")
    return bool(created and row["key"] != bot_key)
