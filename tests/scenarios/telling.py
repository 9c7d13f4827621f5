"""Scenarios as text: facts above the line, guardian's deeds below it. Times are seconds from the start.

rule dd drawdown hwm caution:0.025 reduce:0.0375:10s:0.5 lockout:0.05:2s
-5..-1 read BTC=10@1000            five reads, one a second: cash 10000, ten BTC held at mark 1000
0 read BTC=10@940/1000             mark 940, entered at 1000
0.2 done close BTC                 the outcome of the newest deed whose text begins so
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from guardian.core.effects import Effect
from guardian.core.events import Disarmed, Outcome
from guardian.core.model import OnUnknown, Part, Rule, Rung, Snapshot, Window
from tests.core.build import (
    ACCOUNT,
    LEVELS,
    Desk,
    at,
    order,
    position,
    read,
    read_only,
    row,
    rule,
    says,
    stop,
    trading,
    without,
)

WINDOWS = {"hwm": Window("hwm"), "1h": Window("sliding", 3600.0), "day": Window("session"), "now": Window()}
SYMBOL = "{}/USDT:USDT"


def tell(facts: str) -> str:
    """Guardian's deeds for these facts, one a line; "(nothing)" when there were none."""
    lines = [line.split("  #")[0].split() for line in facts.splitlines() if line and not line.startswith("#")]
    rules = [_rule(words[1:]) for words in lines if words[0] == "rule"]
    armed = ["unarmed"] not in lines
    story = _Story(Desk(*rules, armed=armed))
    for words in lines:
        if words[0] not in ("rule", "unarmed"):
            for second in _times(words[0]):
                story.happen(second, words[1], words[2:])
    return "\n".join(story.deeds) or "(nothing)"


def _times(text: str) -> list[float]:
    first, dots, last = text.partition("..")
    return [float(n) for n in range(int(first), int(last) + 1)] if dots else [float(first)]


def _rule(words: list[str]) -> Rule:
    ladder = [_rung(w) for w in words[3:] if ":" in w]
    blind = next((w.split("=")[1] for w in words if w.startswith("blind=")), "ignore")
    changes: dict[str, Any] = {"on_unknown": OnUnknown(blind), "armed": "observe" not in words}
    return rule(*ladder, id=words[0], metric=words[1], window=WINDOWS[words[2]], **changes)


def _rung(text: str) -> Rung:
    level, limit, *rest = text.split(":")
    hold = next((float(r[:-1]) for r in rest if r.endswith("s")), 0.0)
    to = next((float(r) for r in rest if not r.endswith("s")), None)
    return Rung(float(limit), LEVELS[level], hold, to)


class _Story:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.deeds: list[str] = []
        self.done: list[tuple[str, Effect]] = []

    def happen(self, second: float, what: str, words: list[str]) -> None:
        before = self.desk.level
        effects = self._fact(second, what, words)
        if self.desk.level is not before:
            cause = next(d.rule for d in self.desk.state.decisions if d.what == "level")
            self._write(second, f"{before.name} -> {self.desk.level.name} ({cause})")
        for effect in effects:
            text = describe(effect)
            self.done.append((text, effect))
            self._write(second, text)

    def _write(self, second: float, text: str) -> None:
        self.deeds.append(f"{second:7.1f}  {text}")

    def _fact(self, second: float, what: str, words: list[str]) -> tuple[Effect, ...]:
        match what:
            case "read":
                asked, snapshot = _read(second, words)
                return self.desk.see(replace(snapshot, asked_at=at(asked)), arrives=second)
            case "tick":
                return self.desk.tick(second)
            case "restart":
                return self.desk.restart(second)
            case "demand":
                return self.desk.demand(second, words[0])
            case "resume":
                return self.desk.resume(second, *words)
            case "disarm":
                until = at(second + float(words[0].rstrip("s")))
                return self.desk.send(Disarmed(at(second), ACCOUNT, until, "anna", "work"))
            case "keys":
                listed = [read_only() if w == "fenced" else trading() for w in words if w != "none"]
                return self.desk.keys(second, *listed)
            case _:
                return self._report(second, Outcome(what), " ".join(words))

    def _report(self, second: float, outcome: Outcome, deed: str) -> tuple[Effect, ...]:
        effect = next(effect for text, effect in reversed(self.done) if text.startswith(deed))
        return self.desk.report(second, effect, outcome)


def _read(second: float, words: list[str]) -> tuple[float, Snapshot]:
    """NAME=QUANTITY@MARK[/ENTRY] is a position; order=, stop= rest on a symbol; the rest is unusual."""
    facts = [tuple(word.split("=")) for word in words]
    asked, cash, change = second, Decimal(10_000), {}
    legs, orders, edits = [], [], {}
    for name, value in facts:
        match name:
            case "asked":
                asked = float(value)
            case "cash":
                cash = Decimal(value)
            case "flow":
                change = {"ledger": (row(f"flow-{second}", value),)}
            case "order":
                orders.append(order(f"order-{value}", SYMBOL.format(value)))
            case "stop":
                orders.append(stop(f"stop-{value}", SYMBOL.format(value)))
            case "equity" | "failed" | "listed":
                edits[name] = value
            case _:
                quantity, _, price = value.partition("@")
                mark, _, entry = price.partition("/")
                legs.append(position(SYMBOL.format(name), quantity, mark, entry=entry or mark))
    snapshot = read(second, tuple(legs), tuple(orders), cash, **change)
    return asked, _unusual(snapshot, edits)


def _unusual(snapshot: Snapshot, edits: dict[str, str]) -> Snapshot:
    """equity=N: the wallet claims N. failed=PART,PART: no answer. listed=none: an empty positions answer."""
    if "equity" in edits:
        snapshot = says(snapshot, edits["equity"])
    if "listed" in edits:
        snapshot = replace(snapshot, positions=())
    failed = [Part(part) for part in edits.get("failed", "").split(",") if part]
    return without(snapshot, *failed) if failed else snapshot


def describe(effect: Any) -> str:
    """One effect in an operator's words; symbols by their base, ids as the venue shows them."""
    match effect.kind:
        case "notify":
            word = "would" if effect.would else "resolve" if effect.notification == "resolve" else "page"
            return f"{word} {effect.title}"
        case "permit":
            return f"permit {effect.mode} {effect.size_cap:g}"
        case "prepare_keys":
            return "keys fetched and held" if effect.hold else "keys checked, none held"
        case "halt_bot":
            return f"{'force' if effect.force else 'ask'} {effect.target} to stop"
        case "fence_key" | "delete_key" | "unfence_key":
            return f"{effect.kind.split('_')[0]} {effect.key_id}"
        case "cancel_order":
            return f"cancel {effect.order_id}"
        case "close_position":
            return _describe_close(effect.order)
        case "resolve_order":
            return f"ask about {effect.symbol.split('/')[0]}'s last close"
    return str(effect.kind).replace("_", " ")


def _describe_close(close: Any) -> str:
    size = "all that is left" if close.quantity is None else f"{close.quantity.normalize():f}"
    how = "at market" if close.price is None else f"capped at {close.price.normalize():f}"
    side = "sell" if close.side < 0 else "buy"
    return (
        f"close {close.symbol.split('/')[0]}: {side} {size} {how} [try {close.client_id.rsplit('-', 1)[1]}]"
    )
