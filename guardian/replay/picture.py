"""A replay as one picture: equity with and without guardian, the levels as coloured bands.

Colours are Okabe and Ito's, which stay apart for every kind of colour blindness; nothing is told by colour
only. A long replay is thinned to what the eye can tell, keeping each stretch's lowest and highest close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from guardian.errors import GuardianError
from guardian.replay.drive import Course, Transition
from guardian.replay.files import Numbers, Times
from guardian.replay.recorded import Replayed

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


MOST_ACCOUNTS = 8
"""So many accounts of a journal are drawn, one below the other."""

LEFT, WIDTH, WIDE_INCHES = 0.075, 0.905, 12
ABOVE_INCHES, BELOW_INCHES, BETWEEN_INCHES = 0.8125, 1.0075, 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """An equity at these times."""

    at: Sequence[datetime]
    equity: Numbers
    label: str
    colour: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One account: its equities, and its levels as bands from `first` to `last`."""

    lines: tuple[Line, ...]
    transitions: Sequence[Transition]
    first: datetime
    last: datetime
    equity_of: str = "equity at the close"


def draw(course: Course, title: str, caption: str, file: Path) -> Path:
    """Write the picture, PNG or SVG by the file's ending, and return its absolute path.

    Raises GuardianError where it cannot be written.
    """
    at = [datetime.fromtimestamp(ms / 1000, UTC) for ms in course.closed.tolist()]
    lines = (
        Line(at, course.unprotected, "without guardian", WITHOUT, dashed=True),
        Line(at, course.protected, "with guardian", WITH),
    )
    return _drawn([Panel(lines, course.transitions, at[0], at[-1])], (title, caption), file)


def draw_recorded(found: Replayed, title: str, file: Path) -> Path:
    """The same of a journal: each account's equity as it was read, and its levels under the given rules.

    Raises GuardianError where it cannot be written, and where nothing was recorded.
    """
    if found.first is None or found.last is None or not found.accounts:
        raise GuardianError(f"--picture {file}: nothing is recorded that could be drawn; write `none`")
    names = sorted(found.accounts)
    panels = []
    for name in names[:MOST_ACCOUNTS]:
        read = found.equities.get(name, [])
        line = Line([at for at, _ in read], np.array([value for _, value in read]), "as recorded", WITH)
        own = [change for change in found.transitions if change.account == name]
        said = f"equity of {name}" if read else f"{name}: no equity read"
        panels.append(Panel((line,) if read else (), own, found.first, found.last, said))
    caption = "Levels as these rules would have reached them; the equity is what was read then."
    if len(names) > MOST_ACCOUNTS:
        caption += f" {MOST_ACCOUNTS} of {len(names)} accounts are drawn; --json tells of all."
    return _drawn(panels, (title, caption), file)


def _drawn(panels: Sequence[Panel], words: tuple[str, str], file: Path) -> Path:
    """One panel below the other, a title above and a caption below them."""
    if file.suffix.lower() not in ENDINGS:
        raise GuardianError(f"--picture {file}: its name must end in {', '.join(ENDINGS)}, or be `none`")
    each = 4.68 if len(panels) == 1 else 2.2
    whole = ABOVE_INCHES + BELOW_INCHES + len(panels) * (each + BETWEEN_INCHES) - BETWEEN_INCHES
    figure = Figure(figsize=(WIDE_INCHES, whole), dpi=130, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(LEFT, 1 - 0.4225 / whole, words[0], size=14, weight="bold", color=INK)
    figure.text(LEFT, 0.1625 / whole, words[1], size=8.5, color=FAINT)
    for row, panel in enumerate(panels):
        bottom = whole - ABOVE_INCHES - (row + 1) * each - row * BETWEEN_INCHES
        axes = figure.add_axes((LEFT, bottom / whole, WIDTH, each / whole))
        _draw_bands(axes, panel)
        _draw_equities(axes, panel)
        _dress(axes, panel)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # No date in the file: the same replay gives the same picture.
        stable = {"Date": None} if file.suffix.lower() == ".svg" else None
        figure.savefig(file, facecolor=PAPER, metadata=stable)
    except OSError as error:
        raise GuardianError(f"--picture {file}: cannot be written: {error.strerror or error}") from None
    return file.resolve()


def _draw_equities(axes: Any, panel: Panel) -> None:
    for line in panel.lines:
        kept = thinned(line.equity)
        dashes = (0, (5, 2)) if line.dashed else "solid"
        at = [line.at[place] for place in kept.tolist()]
        axes.plot(at, line.equity[kept], color=line.colour, lw=1.5, ls=dashes, label=line.label, zorder=3)
    drawn, _ = axes.get_legend_handles_labels()
    # A band that is too narrow for its name would be told by its colour alone.
    levels = [Patch(fc=BANDS[name], ec=FAINT, lw=0.5, label=name) for name in reached(panel.transitions)]
    if drawn or levels:
        axes.legend(handles=[*drawn, *levels], loc="lower left", frameon=False, fontsize=9)


def reached(transitions: Sequence[Transition]) -> list[str]:
    """The levels that were reached beyond NORMAL, mild to severe."""
    return [name for name in BANDS if any(change.after.name == name for change in transitions)]


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


def _draw_bands(axes: Any, panel: Panel) -> None:
    first, last = panel.first, panel.last
    axes.set_xlim(first, last if last > first else None)
    whole = max((last - first).total_seconds(), 1e-9)
    for start, end, level in bands(panel.transitions, first, last):
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


def _dress(axes: Any, panel: Panel) -> None:
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    if not panel.lines:
        axes.set_yticks([])
    axes.set_ylabel(panel.equity_of, size=9, color=FAINT)
    axes.tick_params(labelsize=8.5, colors=FAINT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c8cdd3")
