"""The frontiers as pictures: what is saved against what it costs, in exposure and in false halts.

Colours are Okabe and Ito's, which stay apart for every kind of colour blindness; each design has its own line
and mark besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from guardian.evaluate.frontier import EXPOSURE, FALSE_HALTS, UNSAVED, Frontier, Price

COLOURS = ("#0072b2", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#6b7280")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
LARGEST_EXPOSURE, LARGEST_FALSE_HALTS = 0.3, 150.0
NO_LINE = "no design shuts the account out"
"""Every design has a line in the other picture."""

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.grid": True,
    "grid.color": "#e5e8eb",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(frontiers: Sequence[Frontier], weeks: Sequence[str], folder: Path) -> tuple[Path, Path]:
    """Write exposure.png and false_halts.png into the folder."""
    halting = [each for each in frontiers if each.halts]
    by_exposure = _picture(frontiers, weeks, EXPOSURE, folder / "exposure.png")
    return by_exposure, _picture(halting, weeks, FALSE_HALTS, folder / "false_halts.png")


def _picture(frontiers: Sequence[Frontier], weeks: Sequence[str], price: Price, file: Path) -> Path:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.5), dpi=130)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for number, each in enumerate(frontiers):
            _line(axes, each, weeks, price, number)
        _named(axes, price)
        figure.tight_layout()
        figure.savefig(file)
    return file


def _line(axes: Axes, frontier: Frontier, weeks: Sequence[str], price: Price, number: int) -> None:
    sums = frontier.sums(weeks).sum(axis=0)
    axes.plot(
        price.of(sums),
        1.0 - UNSAVED.of(sums),
        color=COLOURS[number % len(COLOURS)],
        marker=MARKS[number % len(MARKS)],
        markersize=4,
        linewidth=2.4 if number == 0 else 1.2,
        label=frontier.name,
    )


def _named(axes: Axes, price: Price) -> None:
    axes.set_ylim(-0.02, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylabel("crash loss avoided")
    if price is EXPOSURE:
        axes.set_xlim(0, LARGEST_EXPOSURE)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlabel("exposure given up outside crashes")
    else:
        axes.set_xlim(0, LARGEST_FALSE_HALTS)
        axes.set_xlabel("halts outside crashes, a year and account")
    if axes.lines:
        axes.legend(frameon=False, loc="upper left")
    else:
        axes.text(0.5, 0.5, NO_LINE, transform=axes.transAxes, ha="center", color="#6b7280")
