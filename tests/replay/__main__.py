"""`python -m tests.replay --rewrite` writes what guardian decides now; `--record VERSION` adds a release."""

from __future__ import annotations

import argparse
import sys

from tests.replay.life import recorded
from tests.replay.tape import EFFECTS, HERE, JOURNAL, load, releases, save, told


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("--rewrite", action="store_true", help="write each release's effects.txt anew")
    parser.add_argument("--record", metavar="VERSION", help="record a new release's journal and effects")
    asked = parser.parse_args()
    if asked.record:
        release = HERE / asked.record
        if (release / JOURNAL).exists():
            sys.stderr.write(f"{release / JOURNAL} exists: what a release wrote is never changed\n")
            return 1
        save(release, recorded())
        (release / EFFECTS).write_text(told(load(release)), encoding="utf-8")
    elif asked.rewrite:
        for release in releases():
            (release / EFFECTS).write_text(told(load(release)), encoding="utf-8")
    else:
        parser.print_usage()
        return 2
    return 0


sys.exit(main())
