"""A replay as one picture: equity with and without guardian, the levels as coloured bands.

Colours are Okabe and Ito's, which stay apart for every kind of colour blindness; nothing is told by colour
only. A long replay is thinned to what the eye can tell, keeping each stretch's lowest and highest close.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from guardian.errors import GuardianError
from guardian.replay.drive import Course, Transition
from guardian.replay.files import Numbers, Times

INK, FAINT, PAPER = "#1b1f24", "#8a919a", "#ffffff"
WITH, WITHOUT = "#0072b2", "#d55e00"
BANDS = {
    "CAUTION": "#fdf6dd",
    "HALT": "#fdebd3",
    "REDUCE": "#fbe0c6",
    "FLATTEN": "#f8d5cc",
    "LOCKOUT": "#f3dfea",
}
MOST_POINTS = 4000
LEAST_NAMED = 0.07
"""A band is named where it is at least this part of the whole width."""

ENDINGS = (".png", ".svg", ".pdf")


def draw(course: Course, title: str, caption: str, file: Path) -> Path:
    """Write the picture, PNG or SVG by the file's ending, and return its absolute path.

    Raises GuardianError where it cannot be written.
    """
    if file.suffix.lower() not in ENDINGS:
        raise GuardianError(f"--picture {file}: its name must end in {', '.join(ENDINGS)}, or be `none`")
    figure = Figure(figsize=(12, 6.5), dpi=130, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.075, 0.155, 0.905, 0.72))
    figure.text(0.075, 0.935, title, size=14, weight="bold", color=INK)
    figure.text(0.075, 0.025, caption, size=8.5, color=FAINT)
    _draw_bands(axes, course)
    _draw_equities(axes, course)
    _dress(axes)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # No date in the file: the same replay gives the same picture.
        stable = {"Date": None} if file.suffix.lower() == ".svg" else None
        figure.savefig(file, facecolor=PAPER, metadata=stable)
    except OSError as error:
        raise GuardianError(f"--picture {file}: cannot be written: {error.strerror or error}") from None
    return file.resolve()


def _draw_equities(axes: Any, course: Course) -> None:
    lines = ((course.unprotected, "without guardian", WITHOUT), (course.protected, "with guardian", WITH))
    for equity, label, colour in lines:
        kept = thinned(equity)
        dashes = (0, (5, 2)) if colour == WITHOUT else "solid"
        axes.plot(
            _dates(course.closed[kept]), equity[kept], color=colour, lw=1.5, ls=dashes, label=label, zorder=3
        )
    axes.legend(loc="lower left", frameon=False, fontsize=9)


def thinned(values: Numbers) -> Times:
    """Places of at most `MOST_POINTS` values: of each stretch the first, the lowest and the highest."""
    every = np.arange(len(values), dtype=np.int64)
    if len(values) <= MOST_POINTS:
        return every
    kept = {0, len(values) - 1}
    for stretch in np.array_split(every, MOST_POINTS // 3):
        own = values[stretch]
        kept |= {int(stretch[0]), int(stretch[np.argmin(own)]), int(stretch[np.argmax(own)])}
    return np.array(sorted(kept), dtype=np.int64)


def _draw_bands(axes: Any, course: Course) -> None:
    first, last = (datetime.fromtimestamp(int(ms) / 1000, UTC) for ms in course.closed[[0, -1]])
    axes.set_xlim(first, last if last > first else None)
    whole = max((last - first).total_seconds(), 1e-9)
    for start, end, level in bands(course.transitions, first, last):
        if level not in BANDS:
            continue
        axes.axvspan(start, end, color=BANDS[level], lw=0, zorder=0)
        if (end - start).total_seconds() / whole >= LEAST_NAMED:
            middle = start + (end - start) / 2
            axes.text(
                middle, 1.01, level, transform=axes.get_xaxis_transform(), ha="center", size=8.5, color=INK
            )


def bands(
    transitions: Sequence[Transition], first: datetime, last: datetime
) -> list[tuple[datetime, datetime, str]]:
    """Stretches of one level, in order, from the first close to the last."""
    found, level, since = [], "NORMAL", first
    for change in transitions:
        at = min(max(change.at, first), last)
        if at > since:
            found.append((since, at, level))
        level, since = change.after.name, at
    return [*found, (since, last, level)] if last > since else found


def _dates(closed: Times) -> list[datetime]:
    return [datetime.fromtimestamp(ms / 1000, UTC) for ms in closed.tolist()]


def _dress(axes: Any) -> None:
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylabel("equity at the close", size=9, color=FAINT)
    axes.tick_params(labelsize=8.5, colors=FAINT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c8cdd3")
