"""The incident as one picture: drawdown against the ladder, the positions that vanish, the steps on the axis.

Drawn from a recording alone, so that the same picture can be made again from what was seen. Colours are Okabe
and Ito's, which stay apart for every kind of colour blindness; nothing is told by colour only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from guardian.demo.samples import Mark, Recording

INK, FAINT, PAPER = "#1b1f24", "#8a919a", "#ffffff"
LEVEL_COLOURS = {
    "NORMAL": "#ffffff",
    "CAUTION": "#fdf6dd",
    "HALT": "#fdebd3",
    "REDUCE": "#fbe0c6",
    "FLATTEN": "#f8d5cc",
    "LOCKOUT": "#f3dfea",
}
LONG_COLOURS = ("#0072b2", "#56b4e9", "#009e73", "#5e8c3a", "#3b5b92")
LABEL_CHARACTERS = 150  # of the labels' size, across the whole axis
SHORT_COLOURS = ("#d55e00", "#e69f00", "#cc79a7", "#a65628", "#b8860b")
LINE, FAIL = "#0b3c5d", "#c0392b"
MINUS, DOWN = "\N{MINUS SIGN}", "\N{DOWNWARDS ARROW}"


@dataclass(frozen=True, slots=True)
class Story:
    """What is drawn. `t0` is the axis' zero; `limits` are (label, fraction); `unprotected` is (instant,
    drawdown) of the same book if nobody had acted."""

    title: str
    subtitle: str
    recording: Recording
    t0: datetime
    limits: Sequence[tuple[str, float]]
    marks: Sequence[Mark]
    unprotected: Sequence[tuple[datetime, float]] = field(default=())


def draw(story: Story, file: Path) -> Path:
    """Write the picture as PNG and return its absolute path. An empty recording still gives a picture."""
    with matplotlib.rc_context(_style()):
        figure = Figure(figsize=(12, 8), dpi=150, facecolor=PAPER)
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(
            3, 1, height_ratios=(5.0, 2.3, 2.9), hspace=0.09, left=0.075, right=0.885, top=0.865, bottom=0.055
        )
        top = figure.add_subplot(grid[0])
        middle = figure.add_subplot(grid[1], sharex=top)
        bottom = figure.add_subplot(grid[2], sharex=top)
        figure.text(0.075, 0.945, story.title, size=17, weight="bold", color=INK)
        figure.text(0.075, 0.905, story.subtitle, size=10.5, color="#4a525b")
        _draw_drawdown(top, story)
        _draw_positions(middle, story)
        _draw_marks(bottom, story)
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, facecolor=PAPER)
    return file.resolve()


def _style() -> Any:
    return {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.edgecolor": "#c8cdd3",
        "axes.labelcolor": "#4a525b",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": "#4a525b",
        "ytick.color": "#4a525b",
        "text.color": INK,
    }


def _seconds(story: Story, at: datetime) -> float:
    return (at - story.t0).total_seconds()


def _draw_drawdown(axes: Any, story: Story) -> None:
    samples, falls = story.recording.samples, story.recording.drawdowns()
    times = [_seconds(story, sample.at) for sample in samples]
    _draw_levels(axes, story, times)
    deepest = max([*falls, *(limit for _, limit in story.limits), 0.01])
    floor = deepest * 1.5
    for label, limit in story.limits:
        axes.axhline(limit, color=FAINT, lw=0.9, ls=(0, (4, 3)), zorder=2)
        axes.annotate(
            label, (1.008, limit), xycoords=("axes fraction", "data"), va="center", size=9, color="#4a525b"
        )
    if story.unprotected:
        _draw_unprotected(axes, story, floor)
    axes.fill_between(times, falls, 0, color=LINE, alpha=0.06, lw=0, zorder=3)
    axes.plot(times, falls, color=LINE, lw=2.4, zorder=4, solid_capstyle="round")
    if times:
        _draw_end(axes, times[-1], falls[-1])
        axes.set_xlim(times[0], times[-1] + 0.01)
    axes.set_ylim(floor, -0.0016)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylabel("loss of equity from its peak")
    axes.axvline(0, color=INK, lw=1.0, zorder=5)
    axes.tick_params(labelbottom=False, length=0)


def _draw_end(axes: Any, at: float, fall: float) -> None:
    axes.plot([at], [fall], "o", color=LINE, ms=6, zorder=6, clip_on=False)
    _beside(axes, fall, -16, f"with guardian\n{MINUS}{fall:.1%}", LINE)


def _beside(axes: Any, fall: float, points: int, words: str, colour: str) -> None:
    """Words in the right margin at the height of `fall`, moved down by `points`."""
    axes.annotate(
        words,
        (1.0, fall),
        (9, points),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        color=colour,
        weight="bold",
        size=9.5,
        va="top" if points < 0 else "center",
        linespacing=1.25,
        annotation_clip=False,
    )


def _draw_levels(axes: Any, story: Story, times: Sequence[float]) -> None:
    """A band for each stretch of one level, named where it is wide enough to hold the name."""
    pairs = list(zip(times, story.recording.samples, strict=True))
    if not pairs:
        return
    whole = max(pairs[-1][0] - pairs[0][0], 1e-9)
    stretches = [
        (level, [at for at, _ in group]) for level, group in groupby(pairs, lambda pair: pair[1].level)
    ]
    for index, (level, stretch) in enumerate(stretches):
        end = stretches[index + 1][1][0] if index + 1 < len(stretches) else stretch[-1]
        axes.axvspan(stretch[0], end, color=LEVEL_COLOURS[level], lw=0, zorder=0)
        if (end - stretch[0]) / whole > 0.0068 * len(level):
            middle = (stretch[0] + end) / 2
            axes.annotate(
                level,
                (middle, 1.0),
                (0, 4),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                size=8.5,
                weight="bold",
                color="#4a525b",
            )


def _draw_unprotected(axes: Any, story: Story, floor: float) -> None:
    times = [_seconds(story, at) for at, _ in story.unprotected]
    falls = [fall for _, fall in story.unprotected]
    axes.plot(times, falls, color=FAIL, lw=1.6, ls=(0, (5, 2)), zorder=3)
    _beside(axes, floor, 6, f"nobody acting\n{MINUS}{max(falls):.0%} {DOWN}", FAIL)


def _draw_positions(axes: Any, story: Story) -> None:
    """Longs stacked up, shorts stacked down, each symbol in one colour, in the account's currency."""
    samples = story.recording.samples
    times = [_seconds(story, sample.at) for sample in samples]
    symbols = sorted({symbol for sample in samples for symbol in sample.notionals})
    for sign, palette in ((1, LONG_COLOURS), (-1, SHORT_COLOURS)):
        rows = {
            symbol: [sign * max(0.0, sign * sample.notionals.get(symbol, 0.0)) for sample in samples]
            for symbol in symbols
        }
        held = {symbol: row for symbol, row in rows.items() if any(row)}
        if held:
            # Steps, not slopes: a position is closed at an instant, and a slope would invent sizes between.
            axes.stackplot(
                times,
                *held.values(),
                colors=palette[: len(held)],
                labels=[*map(_short, held)],
                lw=0,
                step="post",
            )
    axes.axhline(0, color=FAINT, lw=0.8)
    axes.axvline(0, color=INK, lw=1.0, zorder=5)
    axes.yaxis.set_major_formatter(FuncFormatter(_thousands))
    axes.set_ylabel("positions\nat mark")
    axes.tick_params(labelbottom=False, length=0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(1.0, 1.04),
            frameon=False,
            fontsize=8.5,
            handlelength=1.0,
            handletextpad=0.5,
            labelspacing=0.35,
        )


def _short(symbol: str) -> str:
    return symbol.split("/")[0].removesuffix("USDT")


def _thousands(value: float, _: float) -> str:
    return f"{value / 1000:,.0f}k" if abs(value) >= 1000 else f"{value:,.0f}"


def _draw_marks(axes: Any, story: Story) -> None:
    """Each step as a labelled mark on the axis of time; labels take the first row where they fit."""
    low, high = axes.get_xlim()
    character = (high - low) / LABEL_CHARACTERS
    free: list[float] = []
    for mark in sorted(story.marks, key=lambda mark: mark.at):
        at = _seconds(story, mark.at)
        words = f"{'FAILED: ' if mark.failed else ''}{mark.label}  {at:+.2f} s".replace("-", MINUS)
        width = character * (len(words) + 2)
        fits = at + width <= high
        # A label that would leave the picture hangs to the left of its mark, and needs its row free there.
        start, end = (at, at + width) if fits else (at - width, at)
        row = next((i for i, taken in enumerate(free) if taken <= start), len(free))
        free[row : row + 1] = [end + character]
        _draw_mark(axes, mark, (at, row + 0.7), words, fits)
    axes.axhline(0, color="#c8cdd3", lw=1.0, zorder=0)
    axes.set_ylim(max(len(free), 4) + 0.3, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(FuncFormatter(_axis_time))
    axes.set_ylabel("what was done", labelpad=38)


def _draw_mark(axes: Any, mark: Mark, place: tuple[float, float], words: str, fits: bool) -> None:
    colour = FAIL if mark.failed else INK
    at, row = place
    axes.plot([at, at], [0, row], color=colour, lw=0.7, alpha=0.4, zorder=1)
    axes.plot([at], [0], "X" if mark.failed else "o", color=colour, ms=5.5, zorder=3, clip_on=False)
    axes.annotate(
        words,
        place,
        (4 if fits else -4, 0),
        textcoords="offset points",
        va="center",
        ha="left" if fits else "right",
        size=8.6,
        color=colour,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
    )


def _axis_time(value: float, _: int) -> str:
    return f"{value:+.0f} s".replace("-", MINUS) if value else "breach"
