"""The demo without a terminal: one plain line for each change, so that a log tells the whole story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, Any, Protocol, Self

from guardian.demo.samples import Scene, Status, account_of, incident_of, instant

MILESTONES = (
    ("t0", "breach confirmed, the clock of the incident starts"),
    ("fenced_at", "bot key fenced, says guardian"),
    ("flat_at", "flat for the first time, says guardian"),
    ("verified_flat_at", "flat twice in a row: verified, says guardian"),
    ("key_dead_at", "bot key gone from the venue, says guardian"),
    ("bots_stopped_at", "bot stopped, says guardian"),
)
FAILED = frozenset({"refused", "impossible", "unknown"})


def changes(before: Status | None, now: Status) -> list[str]:
    """What is different between two answers of guardian, one sentence each; empty when nothing is."""
    old, new = account_of(before), account_of(now)
    if new is None:
        return []
    return [*_account_changes(old, new), *_incident_changes(incident_of(before), incident_of(now))]


def _account_changes(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Iterator[str]:
    if old is None or old["level"] != new["level"]:
        yield f"level {old['level'] + ' -> ' if old else ''}{new['level']}"
    if (old is None or not old["armed"]) and new["armed"]:
        yield "armed: guardian may act on this account"
    before = {rule["id"]: rule for rule in old["rules"]} if old else {}
    for rule in new["rules"]:
        past = before.get(rule["id"])
        if past is None or past["verdict"] != rule["verdict"]:
            yield f"rule {rule['id']}: {rule['verdict']}, {_reading(rule)}"
    open_now, open_before = len(new["positions"]), len(old["positions"]) if old else None
    if open_now != open_before:
        yield f"{open_now} positions, {new['orders']} orders, equity {_money(new['equity'])}"


def _incident_changes(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    if new is None:
        return
    if old is None or old["id"] != new["id"]:
        yield f"incident {new['id']}: rule {new['rule']} demands {new['level']}"
        old = None
    for name, sentence in MILESTONES:
        if new.get(name) and not (old and old.get(name)):
            yield f"{since(new, new[name])}  {sentence}"
    seen = {_identity(step) for step in old["steps"]} if old else set()
    for step in new["steps"]:
        if _identity(step) not in seen:
            yield step_line(new, step)


def step_line(incident: Mapping[str, Any], step: Mapping[str, Any]) -> str:
    """One step as a line: when, what, on what, and what became of it; failures are shouted."""
    outcome = step["outcome"].upper() if step["outcome"] in FAILED else step["outcome"]
    took = f" in {step['took_ms']:.0f} ms" if step.get("took_ms") is not None else ""
    why = " ".join(part for part in (step.get("code"), step.get("detail")) if part)
    what = f"{step['step']} {step['target']}".rstrip()
    line = f"{since(incident, step['at'])}  {what}: {outcome}{took}"
    return f"{line} ({why})" if why and step["outcome"] in FAILED else line


def since(incident: Mapping[str, Any], at: str) -> str:
    """ "+1.234 s" after t0; before t0 is known, after the incident's opening."""
    start = instant(incident.get("t0")) or instant(incident["opened_at"])
    assert start is not None
    return f"{(datetime.fromisoformat(at) - start).total_seconds():+8.3f} s"


def _identity(step: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(step["at"]), step["step"], step["target"], step["outcome"])


def _reading(rule: Mapping[str, Any]) -> str:
    if rule["value"] is None:
        return rule["why"] or "no value"
    bound = "at least " if rule["bound"] == "at_least" else ""
    limit = "" if rule["limit"] is None else f" (limit {rule['limit']:.4g})"
    return f"{rule['metric']} {bound}{rule['value']:.4g}{limit}"


def _money(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"


class Screen(Protocol):
    """Where the demo is shown."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def say(self, line: str) -> None:
        """Something that happened outside guardian."""
        ...

    def show(self, scene: Scene) -> None:
        """The state of this instant."""
        ...


class PlainScreen:
    """Writes each change once, as a line with its time of day."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._last: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def say(self, line: str) -> None:
        at = datetime.now(UTC).isoformat(sep=" ", timespec="milliseconds")[11:23]
        self._stream.write(f"{at}  {line}\n")
        self._stream.flush()

    def show(self, scene: Scene) -> None:
        if scene.status is None:
            return
        for line in changes(self._last, scene.status):
            self.say(line)
        self._last = scene.status
