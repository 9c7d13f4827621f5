"""The drill as one picture: each step's time as a bar against its own budget, on a logarithmic axis.

Colours are Okabe and Ito's; the outcome is also written, so that nothing is told by colour only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from guardian.drill.course import Step

INK, FAINT, PAPER = "#1b1f24", "#8a919a", "#ffffff"
COLOURS = {"ok": "#0072b2", "failed": "#d55e00", "skipped": "#c8cdd3"}
LEAST_S = 0.001
ROW_INCHES = 0.31


@dataclass(frozen=True, slots=True)
class Bars:
    title: str
    verdict: str
    steps: Sequence[Step]


def draw(bars: Bars, file: Path) -> None:
    """Write the picture as PNG; a drill without steps still gives one. Raises OSError."""
    height = 1.7 + ROW_INCHES * max(1, len(bars.steps))
    figure = Figure(figsize=(11, height), dpi=130, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.27, 0.55 / height, 0.60, 1 - 1.55 / height))
    figure.text(0.02, 1 - 0.42 / height, bars.title, size=15, weight="bold", color=INK)
    good = bars.verdict == "passed"
    figure.text(0.02, 1 - 0.75 / height, bars.verdict, size=10.5, color=INK if good else COLOURS["failed"])
    for row, step in enumerate(bars.steps):
        _draw_step(axes, row, step)
    _dress(axes, bars.steps)
    figure.savefig(file, facecolor=PAPER)


def _draw_step(axes: Any, row: int, step: Step) -> None:
    took = max(step.took_s or LEAST_S, LEAST_S)
    if step.budget_s:
        axes.barh(row, step.budget_s - LEAST_S, left=LEAST_S, height=0.7, color="#eef1f4", zorder=1)
        axes.plot([step.budget_s] * 2, [row - 0.36, row + 0.36], color=FAINT, lw=1.6, zorder=2)
    if step.took_s is not None:
        axes.barh(row, took - LEAST_S, left=LEAST_S, height=0.42, color=COLOURS[step.outcome], zorder=3)
    words = f"{step.took_s:.2f} s" if step.took_s is not None else ""
    said = step.outcome if step.outcome != "ok" else ""
    colour = COLOURS["failed"] if step.outcome == "failed" else INK
    axes.text(
        1.015,
        row,
        f"{words} {said}".strip(),
        transform=axes.get_yaxis_transform(),
        va="center",
        size=8.6,
        color=colour,
    )


def _dress(axes: Any, steps: Sequence[Step]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(LEAST_S, max([10.0, *(step.budget_s * 1.3 for step in steps)]))
    axes.set_ylim(max(1, len(steps)) - 0.4, -0.6)
    axes.set_yticks(range(len(steps)), [step.name for step in steps], size=9, color=INK)
    axes.xaxis.set_major_formatter(FuncFormatter(_seconds))
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8.5, colors=FAINT)
    axes.set_xlabel("time taken; the grey bar ends at the step's budget", size=9, color=FAINT)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c8cdd3")


def _seconds(value: float, _: int) -> str:
    return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"
