"""Two packs compared, each change classified by what it does to the account: tighten, loosen or neutral."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from guardian.core.metrics import BY_NAME
from guardian.core.model import Level, OnUnknown, Rule, Rung

Effect = Literal["tighten", "loosen", "neutral"]
BLINDNESS = {OnUnknown.IGNORE: 0, OnUnknown.CAUTION: 1, OnUnknown.HALT: 2}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `before` and `after` are as a person would write them, "" for absent."""

    rule: str
    field: str
    effect: Effect
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        step = f"{self.before or 'nothing'} -> {self.after or 'nothing'}"
        return f"{self.effect:8} {self.rule} {self.field}: {step}"

    def document(self) -> dict[str, str]:
        return asdict(self)


def compare(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[Change, ...]:
    """Every change from `old` to `new`, by the id of its rule."""
    before, after = {rule.id: rule for rule in old}, {rule.id: rule for rule in new}
    found: list[Change] = []
    for name in sorted({*before, *after}):
        if name not in after:
            found.append(Change(name, "rule", "loosen", before=before[name].title))
        elif name not in before:
            found.append(Change(name, "rule", "tighten", after=after[name].title))
        else:
            found += _rule(before[name], after[name])
    return tuple(found)


def _rule(old: Rule, new: Rule) -> Iterator[Change]:
    def changed(field: str, effect: Effect, before: Any, after: Any) -> Change:
        return Change(new.id, field, effect, str(before), str(after))

    meaning = ("metric", "window", "direction", "scope")
    if any(getattr(old, field) != getattr(new, field) for field in meaning):
        # Another question: whether it is stricter cannot be told, so it counts as the old one removed.
        for field in meaning:
            before, after = getattr(old, field), getattr(new, field)
            if before != after:
                yield changed(field, "loosen", before, after)
    yield from _ladder(old, new)
    if old.armed != new.armed:
        modes = {True: "armed", False: "observe"}
        yield changed("mode", _toward(new.armed > old.armed), modes[old.armed], modes[new.armed])
    if old.stale_after_seconds != new.stale_after_seconds:
        a, b = old.stale_after_seconds, new.stale_after_seconds
        yield changed("stale_after", _toward(b < a), f"{a:g}s", f"{b:g}s")
    if old.on_unknown != new.on_unknown:
        tighter = BLINDNESS[new.on_unknown] > BLINDNESS[old.on_unknown]
        yield changed("on_unknown", _toward(tighter), old.on_unknown.value, new.on_unknown.value)
    if old.clears != new.clears:
        yield changed("clears", _toward(new.clears == "operator"), old.clears, new.clears)
    for field in ("cooldown_seconds", "gamma"):
        a, b = getattr(old, field), getattr(new, field)
        if a != b:
            yield changed(field.removesuffix("_seconds"), _toward(b > a), f"{a:g}", f"{b:g}")
    if old.only != new.only:
        wider = not new.only or (bool(old.only) and set(new.only) >= set(old.only))
        yield changed("only", _toward(wider), ", ".join(old.only) or "all", ", ".join(new.only) or "all")
    if old.of != new.of:
        yield changed("of", _toward(_allows_less(old, new)), old.of or "all", new.of or "all")
    for field in ("title", "why", "runbook"):
        if getattr(old, field) != getattr(new, field):
            yield changed(field, "neutral", getattr(old, field), getattr(new, field))


def _allows_less(old: Rule, new: Rule) -> bool:
    """Whether the symbols that the bot may trade are fewer, or a declared cluster is larger.

    Of other metrics it is another question.
    """
    if BY_NAME[new.metric].of_assets or new.scope == "cluster":
        return set(new.of.split(",")) - {""} > set(old.of.split(",")) - {""}
    if new.metric != "foreign_activity" or not new.of:
        return False
    return not old.of or set(new.of.split(",")) < set(old.of.split(","))


def _toward(tighter: bool) -> Effect:
    return "tighten" if tighter else "loosen"


def _ladder(old: Rule, new: Rule) -> Iterator[Change]:
    """Rung by rung of the same level (and place among its equals); a rung that is gone loosens."""
    before, after = _by_level(old), _by_level(new)
    for key in sorted({*before, *after}):
        a, b = before.get(key), after.get(key)
        name = f"ladder {key[0].name.lower()}" + (f" {key[1] + 1}" if key[1] else "")
        if a is None or b is None:
            told_a, told_b = _told(old, a), _told(new, b)
            yield Change(new.id, name, _toward(a is None), told_a, told_b)
            continue
        if a.limit != b.limit:
            tighter = b.limit < a.limit if new.direction == "over" else b.limit > a.limit
            yield Change(new.id, f"{name} limit", _toward(tighter), f"{a.limit:g}", f"{b.limit:g}")
        if a.hold_seconds != b.hold_seconds:
            tighter = b.hold_seconds < a.hold_seconds
            holds = f"{a.hold_seconds:g}s", f"{b.hold_seconds:g}s"
            yield Change(new.id, f"{name} hold", _toward(tighter), *holds)
        if a.to != b.to:
            tighter = (b.to or 0.0) < (a.to or 0.0)
            yield Change(new.id, f"{name} to", _toward(tighter), f"{a.to or 0:g}", f"{b.to or 0:g}")


def _by_level(rule: Rule) -> dict[tuple[Level, int], Rung]:
    found: dict[tuple[Level, int], Rung] = {}
    for rung in rule.ladder:
        place = sum(level is rung.level for level, _ in found)
        found[rung.level, place] = rung
    return found


def _told(rule: Rule, rung: Rung | None) -> str:
    return "" if rung is None else f"{rule.direction} {rung.limit:g}"
