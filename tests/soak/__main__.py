"""`make soak`: run guardian for half an hour on a feed that flaps; exit 1 unless what it holds stays flat."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from tests.soak.run import Asked, soak, told_on_stderr


def main() -> int:
    asked = _arguments()
    document = soak(Asked(asked.minutes * 60, asked.every, asked.seed, asked.poll), told_on_stderr)
    if asked.json:
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        sys.stdout.write(f"\n{text(document)}\n")
    return 0 if document["flat"] else 1


def text(document: dict[str, Any]) -> str:
    lines = [
        f"{'figure':<12} {'after warm-up':>14} {'at the end':>14} {'most':>14} {'growth':>12} {'allowed':>12}"
    ]
    for name, found in document["figures"].items():
        row = (found[column] for column in ("first", "last", "most", "growth", "allowed"))
        lines.append("{:<12} {:>14.0f} {:>14.0f} {:>14.0f} {:>12.1f} {:>12.1f}".format(name, *row))
    last = document["last"]
    lines.append(
        f"{document['seconds'] / 60:.1f} minutes, {document['faults']} changes of the weather, "
        f"{last.get('judged', 0):.0f} events judged, journal {last.get('live', 0):.0f} bytes live and "
        f"{last.get('archive', 0):.0f} archived"
    )
    lines += [f"WRONG: {wrong}" for wrong in document["wrong"]] or ["flat"]
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two samples")
    parser.add_argument("--seed", type=int, default=1, help="of the venue and its weather")
    parser.add_argument("--poll", default="100ms", help="guardian's interval between two reads")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


sys.exit(main())
