"""The live picture of `guardian watch`: every number with its age, and red where that age is no evidence."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from guardian.cli.see.names import aged
from guardian.cli.see.status import armed_words, step_line

BAR = 20
FULL, EMPTY = "\u2588", "\u2591"
LEVEL_STYLE = {"NORMAL": "green", "CAUTION": "yellow", "HALT": "red", "REDUCE": "red"}
VERDICT_STYLE = {"clear": "green", "pending": "yellow", "breached": "bold red", "unknown": "magenta"}
STEPS_SHOWN = 12
OLD_SECONDS = 10.0


def screen(document: dict[str, Any] | None, age_s: float, silent_since: str) -> RenderableType:
    """The whole picture; `age_s` is how long ago the daemon gave `document`."""
    parts: list[RenderableType] = []
    if silent_since:
        parts.append(Text(f"no daemon answers since {silent_since[11:19]} UTC", style="bold white on red"))
    if document is None:
        return Group(*parts, Text("nothing is known yet", style="red"))
    for account in document["accounts"]:
        parts.append(_account(account, age_s, bool(silent_since)))
    parts.append(_foot(document, bool(silent_since)))
    return Group(*parts)


def _account(account: dict[str, Any], extra_s: float, silent: bool) -> RenderableType:
    level = account["level"]
    style = "red" if silent else LEVEL_STYLE.get(level, "bold white on red")
    head = Text()
    head.append(level, style=style)
    head.append(f"  {armed_words(account)}   equity ")
    head.append("unknown" if account["equity"] is None else f"{account['equity']:,.2f}")
    head.append("  ")
    head.append_text(age(account.get("equity_age_s"), extra_s, OLD_SECONDS))
    rows: list[RenderableType] = [head, _rules(account, extra_s)]
    rows += [Text(f"blind: {f['part']} ({f['code']}: {f['why']})", style="red") for f in account["failures"]]
    rows += [Text(f"trouble: {subject}", style="yellow") for subject in account["troubles"]]
    if account["incident"]:
        rows += _incident(account["incident"])
    title = f"{account['name']} ({account['venue']})" + (" - STALE" if silent else "")
    return Panel(Group(*rows), title=title, title_align="left", border_style=style)


def age(seconds: float | None, extra_s: float, stale_after_s: float) -> Text:
    """An age in words, red once it is no evidence any more."""
    if seconds is None:
        return Text("never read", style="bold red")
    whole = seconds + extra_s
    return Text(aged(whole), style="bold red" if whole > stale_after_s else "dim")


def _rules(account: dict[str, Any], extra_s: float) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False)
    for rule in account["rules"]:
        value = "unknown" if rule["value"] is None else f"{rule['value']:.4g}"
        bound = ">= " if rule["bound"] == "at_least" else ""
        verdict = rule["verdict"]
        table.add_row(
            Text(rule["id"]),
            Text(verdict, style=VERDICT_STYLE.get(verdict, "dim")),
            Text(f"{bound}{value} of {rule['limit']:.4g}", justify="right"),
            Text(bar(rule), style=VERDICT_STYLE.get(verdict, "dim")),
            Text(rule["level"].lower() + ("" if rule["armed"] else " (observe)")),
            age(rule.get("age_s"), extra_s, rule.get("stale_after_s", OLD_SECONDS)),
        )
    return table


def bar(rule: dict[str, Any]) -> str:
    """How much of the way to the next limit is gone; question marks where nobody knows."""
    value, limit = rule["value"], rule["limit"]
    if value is None:
        return "?" * BAR
    gone: float = limit / value if rule.get("direction") == "under" and value > 0 else value / limit
    full = round(BAR * min(max(gone, 0.0), 1.0))
    return f"{FULL * full}{EMPTY * (BAR - full)}"


def _incident(incident: dict[str, Any]) -> list[RenderableType]:
    told = [line for step in incident["steps"] if (line := step_line(step))]
    hidden = len(told) - STEPS_SHOWN
    rows = [f"incident {incident['id']} since {incident['opened_at'][11:19]} UTC, by {incident['rule']}"]
    rows += [f"  ... {hidden} earlier steps"] if hidden > 0 else []
    rows += [f"  {line}" for line in told[-STEPS_SHOWN:]]
    for name, words in (("verified_flat_at", "verified flat"), ("key_dead_at", "key proven dead")):
        if incident[name]:
            rows.append(f"  {words} at {incident[name][11:23]}")
    return [Text(row) for row in rows]


def _foot(document: dict[str, Any], silent: bool) -> Text:
    journal = document["journal"]
    words = f"journal {'writing' if journal['ok'] else 'FAILING'}, {journal['records']} records this run"
    style = "dim" if journal["ok"] and not silent else "red"
    return Text(f"{words}; as of {document['at'][11:19]} UTC; q quits", style=style)
