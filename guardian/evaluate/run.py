"""The whole evaluation: files x designs x scales, on several processes, then the comparison.

The order in which the work ends changes nothing: what one piece finds depends on its file, design and scale.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from guardian.evaluate.bootstrap import Difference, difference
from guardian.evaluate.designs.every import GUARDIAN, design_of
from guardian.evaluate.frontier import EXPOSURE, FALSE_HALTS, Frontier, Price, matched_in
from guardian.evaluate.play import play
from guardian.evaluate.score import Tally, scored
from guardian.evaluate.survey import Survey, watched

Told = Callable[[int, int], None]

MATCHED_EXPOSURE = (0.03, 0.05, 0.10)
MATCHED_FALSE_HALTS = (5.0, 20.0, 50.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated. `rules` is the pack that the design named guardian plays."""

    survey: Survey
    designs: tuple[str, ...]
    scales: tuple[float, ...]
    rules: str
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What an evaluation found."""

    plan: Plan
    frontiers: tuple[Frontier, ...]
    differences: tuple[Difference, ...]
    weeks: tuple[str, ...]

    @property
    def events(self) -> int:
        return sum(events for _, _, _, events in self.plan.survey.windows)


def piece(file: Path, design: str, scale: float, rules: str) -> dict[str, Tally]:
    """One design at one scale on every account of one file: its tally of each week."""
    weekly: dict[str, Tally] = {}
    for each in watched(file):
        kept = play(each.account, design_of(design, rules).at(scale, each.account))
        for week, tally in scored(each.account.bars.known_ms, each.events, each.free, kept).items():
            weekly[week] = weekly.get(week, Tally()) + tally
    return weekly


def evaluate(plan: Plan, jobs: int, told: Told) -> Found:
    """`told` hears how many pieces of all are done."""
    pieces = [
        (file, name, scale) for name in plan.designs for scale in plan.scales for file in plan.survey.files
    ]
    merged: dict[tuple[str, float], dict[str, Tally]] = {}
    for done, (key, weekly) in enumerate(_worked(pieces, plan.rules, jobs), start=1):
        own = merged.setdefault(key, {})
        for week, tally in weekly.items():
            own[week] = own.get(week, Tally()) + tally
        told(done, len(pieces))
    frontiers = tuple(
        Frontier(name, plan.scales, tuple(merged[name, scale] for scale in plan.scales))
        for name in plan.designs
    )
    weeks = tuple(sorted({week for weekly in merged.values() for week in weekly}))
    return Found(plan, frontiers, compared(frontiers, weeks, plan.seed), weeks)


def _worked(
    pieces: Sequence[tuple[Path, str, float]], rules: str, jobs: int
) -> Iterator[tuple[tuple[str, float], dict[str, Tally]]]:
    """In the order of the pieces, so that sums of floats are the same for any number of jobs."""
    keys = [(name, scale) for _, name, scale in pieces]
    columns = [[p[i] for p in pieces] for i in range(3)] + [[rules] * len(pieces)]
    if jobs == 1:
        yield from zip(keys, map(piece, *columns), strict=True)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from zip(keys, pool.map(piece, *columns, chunksize=4), strict=True)


def compared(frontiers: Sequence[Frontier], weeks: Sequence[str], seed: int) -> tuple[Difference, ...]:
    """guardian against every other design, at each price. A design that never halts has no false halts."""
    first = next((each for each in frontiers if each.name == GUARDIAN), None)
    if first is None:
        return ()
    others = [each for each in frontiers if each.name not in (GUARDIAN, "none")]
    found = [difference((first, b), weeks, EXPOSURE, at, seed) for b in others for at in MATCHED_EXPOSURE]
    halting = [b for b in others if b.halts]
    return (
        *found,
        *(
            difference((first, b), weeks, FALSE_HALTS, at, seed)
            for b in halting
            for at in MATCHED_FALSE_HALTS
        ),
    )


def at_matched(found: Found, price: Price, levels: Sequence[float]) -> dict[str, dict[str, float | None]]:
    """Loss avoided by each design at each level of a price; None where it is not reached."""
    table: dict[str, dict[str, float | None]] = {}
    for at in levels:
        row: dict[str, float | None] = {}
        for each in found.frontiers:
            if price is EXPOSURE or each.halts:
                value = matched_in(each.sums(found.weeks).sum(axis=0), price, at)
                row[each.name] = value if value == value else None
        table[f"{at:g}"] = row
    return table


def document(found: Found) -> dict[str, Any]:
    """The JSON of `guardian evaluate`, as CONTRACTS tells it."""
    return {
        "designs": {each.name: _points(each) for each in found.frontiers},
        "at_matched_exposure": at_matched(found, EXPOSURE, MATCHED_EXPOSURE),
        "at_matched_false_halts": at_matched(found, FALSE_HALTS, MATCHED_FALSE_HALTS),
        "differences": [
            {
                "a": d.a,
                "b": d.b,
                "matched": d.price,
                "at": d.at,
                "point": d.point,
                "low": d.low,
                "high": d.high,
            }
            for d in found.differences
        ],
        "events": found.events,
        "weeks": len(found.weeks),
        "seed": found.plan.seed,
        "rules": found.plan.rules,
        "windows": [
            {"file": file, "account": account, "bars": bars, "events": events}
            for file, account, bars, events in found.plan.survey.windows
        ],
        "left_out": [asdict(each) for each in found.plan.survey.left_out],
        "findings": [asdict(each) for each in found.plan.survey.findings],
    }


def _points(frontier: Frontier) -> list[dict[str, float | None]]:
    return [
        {
            "scale": scale,
            "exposure_given_up": point.exposure_given_up,
            "loss_avoided": point.loss_avoided,
            "false_halts_per_year": point.false_halts_per_year,
        }
        for scale, point in zip(frontier.scales, frontier.points, strict=True)
    ]
