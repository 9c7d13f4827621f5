"""`make crash N=200`: kill and stop a real guardian N times at drawn moments, and judge it by the venue.

Progress goes to stderr, figures to stdout. Exit 0 without a violation, 1 with one; the folder of a life that
failed is kept and named.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, as_completed
from pathlib import Path
from typing import Any

from tests.crash.cases import Case, draw
from tests.crash.evidence import Life
from tests.crash.figures import Figures
from tests.crash.lanes import lives
from tests.crash.long import RECORDS, Memory, remember

AT_ONCE = 2


def main() -> int:
    asked = _arguments()
    cases = [c for c in draw(asked.blows, asked.seed) if asked.life in (None, c.number)]
    folder = Path(tempfile.mkdtemp(prefix="guardian-crash-"))
    figures, begun = Figures(), time.monotonic()
    _say(f"{sum(len(c.blows) for c in cases)} blows in {len(cases)} lives, seed {asked.seed}, in {folder}")
    with lives(cases, folder, asked.at_once) as futures:
        for case, future in _as_they_end(cases, futures):
            _take(figures, case, future)
            _say(f"{figures.lives}/{len(cases)} lives, {len(figures.wrong)} violations: {case.name} ended")
            if not figures.wrong:
                shutil.rmtree(folder / str(case.number), ignore_errors=True)
    document = {**figures.document(), "seed": asked.seed}
    if asked.records:
        document["long_journal"] = _long(folder, asked.records, figures)
        document["violations"] = len(figures.wrong)
        document["failed"] = [{"life": name, "said": said} for name, said in figures.wrong]
    document["seconds"] = round(time.monotonic() - begun, 1)
    _report(document, asked.json)
    if not figures.wrong:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if figures.wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__.splitlines()[0])
    parser.add_argument("blows", type=int, nargs="?", default=20, help="how many kills and stops (20)")
    parser.add_argument("--seed", type=int, default=1, help="what is drawn from (1)")
    parser.add_argument("--life", type=int, help="only this life of the seed")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help=f"lives side by side ({AT_ONCE})")
    parser.add_argument("--records", type=int, default=RECORDS, help="of the long journal; 0 for none")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


def _as_they_end(
    cases: Sequence[Case], futures: Sequence[Future[Life]]
) -> Iterator[tuple[Case, Future[Life]]]:
    of = dict(zip(futures, cases, strict=True))
    for future in as_completed(futures):
        yield of[future], future


def _take(figures: Figures, case: Case, future: Future[Life]) -> None:
    try:
        found = figures.add(future.result())
    except Exception as error:
        # Whatever ended a life early makes the run red, and the other lives go on.
        figures.add_stuck(case, f"stuck: {error}")
        _say(f"{case.name}: stuck: {error}")
        return
    for said in found:
        _say(f"{case.name}: {said}")


def _long(folder: Path, records: int, figures: Figures) -> dict[str, Any]:
    """The restart in an incident at the end of a long journal."""
    _say(f"writing a journal of {records:,} records")
    memory: Memory = remember(folder / "long", records)
    figures.wrong.extend((f"journal of {records:,} records", said) for said in memory.violations)
    return memory.document()


def _report(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
        return
    for name, value in document.items():
        if isinstance(value, dict):
            told = ", ".join(f"{key} {inner}" for key, inner in value.items())
            sys.stdout.write(f"{name:26} {told}\n")
        elif name == "failed":
            for row in value:
                sys.stdout.write(f"  {row['life']}: {row['said']}\n")
        else:
            sys.stdout.write(f"{name:26} {value}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
