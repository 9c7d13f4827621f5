"""The demo at a terminal: the curve, the level, each rule's distance to its limit, the steps as they tick.

Everything shown is guardian's own answer and its age; what failed is shown as failed, in red.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from guardian.demo.plain import FAILED, MILESTONES, since
from guardian.demo.samples import Recording, Scene, account_of

LEVEL_STYLES = {
    "NORMAL": "black on green",
    "CAUTION": "black on yellow",
    "HALT": "black on dark_orange",
    "REDUCE": "white on dark_orange3",
    "FLATTEN": "white on red",
    "LOCKOUT": "bold white on red3",
}
CURVE_STYLES = {
    "NORMAL": "green",
    "CAUTION": "yellow",
    "HALT": "dark_orange",
    "REDUCE": "dark_orange3",
    "FLATTEN": "red",
    "LOCKOUT": "red3",
}
VERDICT_STYLES = {
    "clear": "green",
    "pending": "yellow",
    "breached": "bold red",
    "unknown": "magenta",
    "warming": "dim",
}
OUTCOME_SIGNS = {
    "sent": ("…", "cyan"),
    "done": ("✓", "green"),
    "gone": ("✓", "green"),
    "refused": ("✗ FAILED", "bold red"),
    "impossible": ("✗ FAILED", "bold red"),
    "unknown": ("? UNKNOWN", "bold magenta"),
}
BLOCKS = " ▁▂▃▄▅▆▇█"
FRACTION_METRICS = frozenset(
    {"drawdown", "daily_loss", "daily_drawdown", "margin_ratio", "concentration", "loss"}
)
SHOWN_STEPS = 16
STALE_SECONDS = 5.0


def render(scene: Scene, width: int = 100) -> RenderableType:
    """The whole screen for this instant; works with no status yet and with values that are unknown."""
    account = account_of(scene.status)
    layout = Layout()
    layout.split_column(
        Layout(_head(scene, account), size=3), Layout(name="body"), Layout(_foot(scene), size=4)
    )
    layout["body"].split_row(Layout(name="left", ratio=5), Layout(name="right", ratio=6))
    layout["left"].split_column(
        Layout(_curve_panel(scene, account, width * 5 // 11 - 6), ratio=5),
        Layout(_positions(account), size=9),
    )
    rules = account["rules"] if account else ()
    layout["right"].split_column(
        Layout(_rules(account), size=min(len(rules), 9) + 4), Layout(_steps(account), ratio=1)
    )
    return layout


def _head(scene: Scene, account: Mapping[str, Any] | None) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(ratio=1)
    line.add_column(justify="right")
    if account is None:
        badge = Text(" guardian is starting ", "dim")
    else:
        armed = "armed" if account["armed"] else "observing"
        level = account["level"]
        badge = Text.assemble((f" {level} ", LEVEL_STYLES[level]), f"  {armed}")
    line.add_row(Text(scene.title, "bold"), badge)
    return Panel(line, border_style="dim")


def _foot(scene: Scene) -> RenderableType:
    return Panel(Text("\n".join(scene.footer[-2:])), border_style="dim")


def _curve_panel(scene: Scene, account: Mapping[str, Any] | None, width: int) -> RenderableType:
    drawdown = scene.recording.drawdown
    equity = account["equity"] if account else None
    shown = "unknown" if equity is None else f"{equity:,.0f}"
    head = Text.assemble((shown, "bold"), ("   drawdown ", "dim"), (f"{drawdown:.2%}", "bold"))
    return Panel(Group(head, Text(), *curve(scene.recording, width, 9)), title="equity", border_style="dim")


def curve(recording: Recording, width: int, height: int) -> list[Text]:
    """Equity as `height` rows of block characters, one column a bucket, coloured by the level it had."""
    samples = recording.samples
    if not samples or width < 1:
        return []
    picked = [samples[(i * len(samples)) // width] for i in range(width)] if len(samples) > width else samples
    values = [sample.equity for sample in picked]
    low, high = min(values), max(values)
    # The floor keeps a quiet account a flat line instead of blowing noise up to the whole height.
    span = max(high - low, 0.03 * high, 1e-9)
    eighths = [round((1 + (value - high) / span) * height * 8) for value in values]
    rows = []
    for row in range(height - 1, -1, -1):
        line = Text()
        for filled, sample in zip(eighths, picked, strict=True):
            line.append(BLOCKS[max(0, min(8, filled - row * 8))], CURVE_STYLES[sample.level])
        rows.append(line)
    return rows


def _rules(account: Mapping[str, Any] | None) -> RenderableType:
    table = Table(expand=True, box=None, pad_edge=False)
    for name in ("rule", "verdict"):
        table.add_column(name, no_wrap=True)
    for name in ("value", "limit", "distance", "age"):
        table.add_column(name, justify="right", no_wrap=True)
    rules = sorted(account["rules"], key=lambda rule: not rule["armed"]) if account else []
    for rule in rules[:9]:
        table.add_row(*rule_cells(rule, account["data_age_s"] if account else None))
    return Panel(table, title="rules", border_style="dim")


def rule_cells(rule: Mapping[str, Any], data_age_s: float | None) -> list[Text]:
    """One rule's row: the distance is what is left to the next limit as a part of that limit."""
    metric, value, limit = rule["metric"], rule["value"], rule["limit"]
    bound = "≥" if rule["bound"] == "at_least" else ""
    return [
        Text(rule["id"], "" if rule["armed"] else "dim"),
        Text(rule["verdict"], VERDICT_STYLES.get(rule["verdict"], "")),
        Text("?" if value is None else bound + _amount(metric, value)),
        Text("-" if limit is None else _amount(metric, limit)),
        _distance(rule),
        _age(data_age_s),
    ]


def _distance(rule: Mapping[str, Any]) -> Text:
    value, limit = rule["value"], rule["limit"]
    if value is None or not limit:
        return Text("-", "dim")
    left = 1 - value / limit
    # A rule that is clear beyond its limit is one that fires from below ("under").
    left = -left if left < 0 and rule["verdict"] == "clear" else left
    return Text(f"{left:+.0%}", "red" if left <= 0 else "yellow" if left < 0.3 else "")


def _age(seconds: float | None) -> Text:
    if seconds is None:
        return Text("-", "dim")
    return Text(f"{seconds:.1f}s", "red" if seconds > STALE_SECONDS else "dim")


def _amount(metric: str, value: float) -> str:
    if any(name in metric for name in FRACTION_METRICS):
        return f"{value:.2%}"
    return f"{value:.4g}"


def _positions(account: Mapping[str, Any] | None) -> RenderableType:
    table = Table(expand=True, box=None, pad_edge=False)
    table.add_column("position", no_wrap=True)
    table.add_column("notional", justify="right", no_wrap=True)
    table.add_column("", ratio=1)
    rows = account["positions"] if account else ()
    largest = max((abs(row["notional"]) for row in rows), default=0.0) or 1.0
    for row in rows[:6]:
        style = "green" if row["notional"] > 0 else "red"
        bar = "█" * max(1, round(14 * abs(row["notional"]) / largest))
        table.add_row(row["symbol"], f"{row['notional']:,.0f}", Text(bar, style))
    if account is not None and not rows:
        table.add_row(Text("none: flat", "bold green"), "", "")
    return Panel(table, title=f"positions ({len(rows)})", border_style="dim")


def _steps(account: Mapping[str, Any] | None) -> RenderableType:
    incident = account["incident"] if account else None
    if not incident:
        return Panel(Text("none", "dim"), title="incident", border_style="dim")
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for at, sign, words in step_rows(incident)[-SHOWN_STEPS:]:
        table.add_row(Text(at, "dim"), sign, words)
    return Panel(table, title=f"incident: {incident['rule']} → {incident['level']}", border_style="red")


def step_rows(incident: Mapping[str, Any]) -> list[tuple[str, Text, Text]]:
    """Steps and milestones in order of time; tries of one step on one target are one row with a count."""
    tries: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for step in incident["steps"]:
        tries.setdefault((step["step"], step["target"]), []).append(step)
    rows = [(found[0]["at"], *_step_texts(found)) for found in tries.values()]
    for name, sentence in MILESTONES:
        if incident.get(name):
            rows.append((incident[name], Text("●", "bold cyan"), Text(sentence, "bold")))
    rows.sort(key=lambda row: row[0])
    return [(since(incident, at), sign, words) for at, sign, words in rows]


def _step_texts(found: Sequence[Mapping[str, Any]]) -> tuple[Text, Text]:
    last = found[-1]
    sign, style = OUTCOME_SIGNS.get(last["outcome"], ("?", "magenta"))
    answers = sum(step["outcome"] != "sent" for step in found)
    words = Text(f"{last['step']} {last['target']}")
    if answers > 1:
        words.append(f" ×{answers}", "dim")  # noqa: RUF001 (the multiplication sign is meant)
    if last.get("took_ms") is not None:
        words.append(f"  {last['took_ms']:.0f} ms", "dim")
    if last["outcome"] in FAILED:
        words.append("  " + " ".join(part for part in (last.get("code"), last.get("detail")) if part), "red")
    return Text(sign, style), words


class LiveScreen:
    """Redraws the whole terminal a few times a second and gives it back at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        self._live.update(Panel(Text(line), border_style="dim"), refresh=True)

    def show(self, scene: Scene) -> None:
        self._live.update(render(scene, self._console.width), refresh=True)
