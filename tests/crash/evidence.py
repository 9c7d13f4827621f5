"""What a life leaves behind, and how far an incident had come: plain values from the venue's own books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.crash.cases import Blow, Case, Phase

HANDS = ("hands", "admin")
READ = "/v5/position/list"
DELETE = "/v5/user/delete-sub-api"
CREATE = "/v5/order/create"

Row = Mapping[str, Any]
Books = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """What guardian's status says of the account; the empty one where it did not answer."""

    incident: str = ""
    level: str = ""
    armed: bool = False
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds; None where it did not happen before the next blow fell, or does not apply.

    `resume_s` runs from the start of the process to the first answer on its control socket. `look_s` and
    `act_s` run from the instance lock, which a start takes once interpreter, imports and configuration are
    behind it, to the first read and to the first request that changes something at the venue; `act_total_s`
    to the same from the start of the process. After a SIGCONT all of them run from there. Time that the
    process stood in line for a processor which others used is left out of `look_s` and `act_s` only.
    `due`: the venue's truth left something to do, and no later blow cut the time for it short.
    """

    due: bool = False
    resume_s: float | None = None
    look_s: float | None = None
    act_s: float | None = None
    act_total_s: float | None = None


@dataclass(frozen=True, slots=True)
class Struck:
    """One blow, the phase that it really hit, and how guardian came back from it.

    `after` is None where the next blow fell before guardian answered again. `pace` is how quick it was.
    """

    blow: Blow
    phase: Phase
    before: Held
    after: Held | None
    pace: Pace

    @property
    def where(self) -> str:
        return f"{self.blow.means.value} {self.phase.value}"


@dataclass(frozen=True, slots=True)
class Life:
    """The end of one case. `requests` is every request that the venue received, in its order."""

    case: Case
    struck: tuple[Struck, ...]
    sizes: Mapping[str, Decimal]
    books: Books
    requests: Sequence[Row]
    account: Mapping[str, Any]
    drawdown: float
    probe: int
    journal: Path

    @property
    def incident(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.account.get("incident") or {}
        return found


def acts(requests: Sequence[Row]) -> list[Row]:
    """Requests of guardian's acting keys that change something at the venue."""
    return [r for r in requests if r["role"] in HANDS and r["method"] == "POST"]


def reads(requests: Sequence[Row]) -> list[Row]:
    return [r for r in requests if r["role"] == "watch" and r["path"] == READ]


def orders(requests: Sequence[Row]) -> list[Row]:
    """Every new order that guardian asked for, those of a batch one by one."""
    asked = [r for r in acts(requests) if r["path"].startswith(CREATE)]
    return [order for row in asked for order in row.get("orders", [row])]


def fenced(books: Books) -> bool:
    """Whether the bot's key can no longer trade, whoever says otherwise."""
    return all(k["deleted"] or k["read_only"] for k in books["keys"] if k["role"] == "bot")


def empty(books: Books) -> bool:
    return not books["positions"] and not books["orders"]


def phase_of(crashed: bool, requests: Sequence[Row], books: Books) -> Phase:
    """How far the incident has come, as the venue sees it."""
    if not crashed:
        return Phase.BEFORE
    sent = acts(requests)
    if not sent:
        return Phase.BREACH
    if not (empty(books) and fenced(books)):
        return Phase.CLOSING
    # A key that cannot be fenced is deleted before the account is flat: by itself a deletion proves nothing.
    return Phase.VERIFIED if any(r["path"] == DELETE for r in sent) else Phase.FENCED


def due(crashed: bool, books: Books) -> bool:
    """Whether the venue's truth leaves something that must be done at once."""
    return crashed and not (empty(books) and fenced(books))
