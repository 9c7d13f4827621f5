"""The evaluation as a Markdown page: its caveats first, then the comparison, then every frontier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from guardian.errors import ConfigError
from guardian.evaluate.bootstrap import Difference
from guardian.evaluate.frontier import EXPOSURE, FALSE_HALTS
from guardian.evaluate.plots import draw
from guardian.evaluate.run import MATCHED_EXPOSURE, MATCHED_FALSE_HALTS, Found, at_matched
from guardian.evaluate.survey import Survey, some

CAVEATS = (
    "The accounts are synthetic and mostly long, and their events overlap: one crash of the market is an "
    "event of up to three accounts. Intervals draw whole weeks; with few weeks they are too narrow.",
    "The files are windows around crashes, with few calm days. Exposure given up and false halts a year are "
    "figures of such windows, not of a year; a halt that outlasts its window is counted only up to the end.",
    "Bars of five minutes: decided at a close, done at the next. Costs are 5 basis points and a tenth of the "
    "bar's range; spreads beyond that, funding, liquidation and unfilled orders are not in them.",
    "Baselines are models of what others do, by their published defaults; their own trading is not modelled. "
    "freqtrade's closed trades are told as one position, re-entered every 24 hours or at a 10 % stop.",
    "A window begins without a past: the overheat score is not known for its first four hours (0.5: not "
    "calm), so a graded breaker re-arms later in it than after a week of watching.",
    "`guardian` is only the hour's rule of the pack (a loss within a sliding window), because that is what a "
    "fixed rule answers. The whole pack has other figures: `--designs guardian_pack` tells them.",
    "The design and its parameters were chosen knowing the events of 2021 to 2024: on those this is no "
    "forecast. Only events that nobody has tuned on are.",
    "At the same number of false halts a fixed 24 h halt may win, for one long halt covers what several "
    "short ones do. Both comparisons are below.",
)

MATCHED = (
    "At a matched price a design counts with what its frontier avoids there, interpolated from no protection "
    "at all through its scales: its dearest scale must be at or above the price, else it is *not reached* "
    "(`-`). A design that never costs anything, at no scale, counts with the best it avoided at every price: "
    "0.0 % where it did nothing at all, as freqtrade's where it never locks."
)
"""Of a page that compares: how the figures come about where a design does not get as far."""

NO_EVENT = "**No event in these candles: there was nothing to avoid, so nothing is compared.**"


def made(folder: Path) -> None:
    """The folder, so that it is known before the work that it can be written to. Raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"--out {folder}: cannot be written: {error.strerror or error}") from None


def write(found: Found, folder: Path, command: str) -> Path:
    """report.md, and with an event its pictures, into the folder; the report's path."""
    if found.events:
        draw(found.frontiers, found.weeks, folder)
    file = folder / "report.md"
    file.write_text("\n".join(page(found, command)) + "\n", encoding="utf-8")
    return file


def page(found: Found, command: str) -> Iterator[str]:
    yield "# What protection was worth"
    yield ""
    yield f"{found.events} account-events in {len(found.weeks)} weeks, {len(found.plan.survey.files)} files, "
    yield f"rules `{found.plan.rules}`. Made by `{command}`."
    yield ""
    if not found.events:
        yield from (NO_EVENT, "")
    yield from _lost(found.plan.survey)
    yield "**Read this first.**"
    yield ""
    yield from (f"- {caveat}" for caveat in (*CAVEATS, *([MATCHED] if found.events else [])))
    yield ""
    if found.events:
        yield from _headline(found)
        yield from _matched(found)
    yield from _definitions()
    yield from _frontiers(found)
    yield from _windows(found)
    yield from _unplayed(found.plan.survey)


def _lost(survey: Survey) -> Iterator[str]:
    """On the first page: whoever reads no further must not take a part of the candles for all of them."""
    if not survey.left_out:
        return
    yield f"**Left out of the candles: {len(survey.left_out)}**; the last tables name what, and why."
    whole = [each.file for each in survey.left_out if each.kind == "file"]
    if whole:
        yield f"**Files that were not played at all: {len(whole)}**: {some(whole)}."
    yield ""


def _headline(found: Found) -> Iterator[str]:
    yield "## At the same exposure given up"
    yield ""
    yield "![frontiers by exposure given up](exposure.png)"
    yield ""
    yield from _differences(d for d in found.differences if d.price == EXPOSURE.name)
    yield "## At the same number of false halts"
    yield ""
    yield "![frontiers by false halts](false_halts.png)"
    yield ""
    yield from _differences(d for d in found.differences if d.price == FALSE_HALTS.name)


def _differences(found: Iterable[Difference]) -> Iterator[str]:
    yield "| loss avoided, first less second | at | points | 95 % interval |"
    yield "|---|---|---|---|"
    for d in found:
        at = f"{d.at:.0%}" if d.price == EXPOSURE.name else f"{d.at:g} a year"
        interval = "-" if d.low is None or d.high is None else f"{100 * d.low:+.1f} to {100 * d.high:+.1f}"
        point = "not reached" if d.point is None else f"{100 * d.point:+.1f}"
        yield f"| {d.a} - {d.b} | {at} | {point} | {interval} |"
    yield ""


def _matched(found: Found) -> Iterator[str]:
    yield "## Loss avoided at matched prices"
    yield ""
    for title, price, levels in (
        ("exposure given up", EXPOSURE, MATCHED_EXPOSURE),
        ("false halts a year", FALSE_HALTS, MATCHED_FALSE_HALTS),
    ):
        table = at_matched(found, price, levels)
        names = [each.name for each in found.frontiers if each.name in next(iter(table.values()))]
        if not names:
            yield f"No design shuts the account out, so there are no {title}."
            yield ""
            continue
        yield f"| {title} | {' | '.join(names)} |"
        yield "|---" * (len(names) + 1) + "|"
        for at, row in table.items():
            yield f"| {at} | {' | '.join(_share(row[name]) for name in names)} |"
        yield ""


def _definitions() -> Sequence[str]:
    return (
        "## What is measured",
        "",
        "- *Event*: an unprotected account is 10 % or more below its highest close of the last six hours; "
        "from that close for six hours.",
        "- *Loss avoided*: 1 - sum of protected falls / sum of unprotected falls, each the deepest below the "
        "value at the event's onset, within the event.",
        "- *Exposure given up*: mean of 1 - held / wanted exposure over the bars outside events.",
        "- *False halt*: shut out altogether at an instant outside every event.",
        "- *Scale*: every limit of a design multiplied by this number. A frontier is a design at all "
        "scales; between two scales it is interpolated, and a dearer choice never counts for less than a "
        "cheaper one.",
        "- *Accounts*: BTC 2x long; equal-weight basket of the file's symbols 1.5x long; BTC 2x long or "
        "short by the sign of its last 24 hours, decided hourly.",
        "",
    )


def _frontiers(found: Found) -> Iterator[str]:
    yield "## Every point"
    yield ""
    yield "| design | scale | exposure given up | loss avoided | false halts a year |"
    yield "|---|---|---|---|---|"
    for each in found.frontiers:
        for scale, point in zip(each.scales, each.points, strict=True):
            halts = "-" if point.false_halts_per_year is None else f"{point.false_halts_per_year:.0f}"
            shares = f"{_share(point.exposure_given_up)} | {_share(point.loss_avoided)}"
            yield f"| {each.name} | {scale:.2f} | {shares} | {halts} |"
    yield ""


def _windows(found: Found) -> Iterator[str]:
    yield "## What was played"
    yield ""
    yield "| file | account | bars | events |"
    yield "|---|---|---|---|"
    for file, account, bars, events in found.plan.survey.windows:
        yield f"| {file} | {account} | {bars} | {events} |"
    yield ""


def _unplayed(survey: Survey) -> Iterator[str]:
    if survey.left_out:
        yield from ("## What was left out", "", "| file | what | why |", "|---|---|---|")
        yield from (f"| {each.file} | {each.kind} {each.name} | {each.why} |" for each in survey.left_out)
        yield ""
    if survey.findings:
        yield from ("## What is wrong with the candles", "", "| file | what | so |", "|---|---|---|")
        yield from (f"| {Path(f.file).name} | {f.message} | {f.fix} |" for f in survey.findings)
        yield ""


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def summary(found: Found) -> str:
    """What fits on a terminal: the differences at matched prices, and how much they rest on."""
    if not found.events:
        return NO_EVENT.strip("*")
    lines = [f"{found.events} account-events in {len(found.weeks)} weeks. Loss avoided, first less second:"]
    return "\n".join([*lines, *_differences(found.differences)]).rstrip()
