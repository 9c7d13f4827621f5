"""All of it in a process of its own, for its clock and its one thread: `python -m guardian.bench.metrics`."""

from __future__ import annotations

import argparse
import json
import sys

from guardian.bench.metrics import everything
from guardian.bench.metrics.market import Sizes
from guardian.errors import GuardianError

DEFAULT = Sizes()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m guardian.bench.metrics", description=__doc__)
    for name in ("assets", "hours", "navs", "ticks"):
        parser.add_argument(f"--{name}", type=int, default=getattr(DEFAULT, name))
    parser.add_argument("--accounts", default="1,10,100,1000")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sizes = Sizes(args.assets, args.hours, args.navs, args.ticks)
    counts = tuple(int(count) for count in args.accounts.split(","))
    try:
        found = everything.timed(sizes, counts, args.repeat, args.seed, _told)
    except GuardianError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    sys.stdout.write(json.dumps(found) + "\n")


def _told(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
