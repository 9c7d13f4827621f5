"""One soak: a real guardian on the wire venue in flapping weather, sampled to the end, and judged."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from guardian.journal import verify_file
from tests.integration.troupe import Desk, Venue
from tests.soak.sample import Subject, sample
from tests.soak.trend import Limit, Trend, trend
from tests.soak.weather import Weather

MEGABYTE = 1_000_000.0
LIMITS = {
    "rss": Limit(4 * MEGABYTE, 0.05),
    "descriptors": Limit(8),
    "threads": Limit(2),
    "tasks": Limit(8),
    "live": Limit(4 * MEGABYTE, 0.15),
}
ROTATED_AFTER_SECONDS = 90.0
"""The live file grows until the second checkpoint lets its first segment go; before that it is not judged."""

MORE = """\
listen: 127.0.0.1:{port}
journal: {{segment: 1MB, keep: 1h}}
"""
Samples = dict[str, list[tuple[float, float]]]


@dataclass
class Asked:
    seconds: float
    every: float = 1.0
    seed: int = 1
    poll: str = "100ms"


def soak(asked: Asked, say: Callable[[str], None]) -> dict[str, Any]:
    """Run, sample, judge; the document that is printed. The folder is kept when something is wrong."""
    folder = Path(tempfile.mkdtemp(prefix="guardian-soak-"))
    venue = Venue("--seed", str(asked.seed))
    desk = Desk(folder, venue)
    try:
        subject = start(desk, asked.poll)
        weather = Weather(venue, asked.seed)
        weather.start()
        samples = watched(subject, asked, say)
        weather.stop()
        document = judged(samples, asked.seconds) | {"seed": asked.seed, "faults": weather.changes}
        document["wrong"] += ended(desk, samples)
    finally:
        desk.close()
        venue.close()
    document["flat"] = not document["wrong"]
    if document["flat"]:
        shutil.rmtree(folder)
    else:
        document["folder"] = str(folder)
    return document


def start(desk: Desk, poll: str) -> Subject:
    """Guardian observes: what is measured is watching, for a long time, what cannot be seen well."""
    port = free_port()
    desk.write_keys()
    desk.configure(more=MORE.format(port=port))
    text = desk.config.read_text().replace("poll: {snapshot: 200ms}", f"poll: {{snapshot: {poll}}}")
    desk.config.write_text(text)
    desk.run(30)
    return Subject(desk.process.pid, f"http://127.0.0.1:{port}/metrics", desk.root / "state")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def watched(subject: Subject, asked: Asked, say: Callable[[str], None]) -> Samples:
    """Samples of every figure, (second, value), until the time is over or the process has ended."""
    samples: Samples = {}
    begun, told = time.monotonic(), 0.0
    with suppress(ProcessLookupError):
        while (second := time.monotonic() - begun) < asked.seconds:
            for name, value in sample(subject).items():
                samples.setdefault(name, []).append((second, value))
            if second - told >= max(5.0, asked.seconds / 60):
                told = second
                say(progress(samples, second, asked.seconds))
            time.sleep(asked.every)
    return samples


def progress(samples: Samples, second: float, whole: float) -> str:
    now = {name: values[-1][1] for name, values in samples.items() if values}
    done = int(20 * min(1.0, second / whole))
    return (
        f"[{'#' * done}{'.' * (20 - done)}] {second / 60:.1f} of {whole / 60:.1f} min  "
        f"{now.get('rss', 0) / MEGABYTE:.1f} MB, {now.get('descriptors', 0):.0f} descriptors, "
        f"{now.get('tasks', 0):.0f} tasks, {now.get('judged', 0):.0f} events, "
        f"journal {now.get('live', 0) / MEGABYTE:.1f} + {now.get('archive', 0) / MEGABYTE:.1f} MB"
    )


def judged(samples: Samples, seconds: float) -> dict[str, Any]:
    """Every figure's trend, and what is wrong with it."""
    figures: dict[str, Any] = {}
    wrong: list[str] = []
    for name, limit in LIMITS.items():
        if name == "live" and seconds / 3 < ROTATED_AFTER_SECONDS:
            continue
        try:
            found = trend(samples.get(name, []), limit)
        except ValueError as error:
            wrong.append(f"{name}: {error}")
            continue
        figures[name] = described(found)
        if not found.flat:
            wrong.append(f"{name} grew by {found.growth:.1f}, more than {found.allowed:.1f}")
    last = {name: values[-1][1] for name, values in samples.items()}
    return {
        "seconds": seconds,
        "samples": len(samples.get("rss", [])),
        "figures": figures,
        "last": last,
        "wrong": wrong,
    }


def described(found: Trend) -> dict[str, float | bool]:
    return {**{name: round(value, 2) for name, value in asdict(found).items()}, "flat": found.flat}


def ended(desk: Desk, samples: Samples) -> list[str]:
    """What is wrong at the end: guardian must have lived, judged, lost nothing, and stop cleanly."""
    wrong = []
    judged_events = [value for _, value in samples.get("judged", [])]
    if desk.process.poll() is not None:
        wrong.append(f"guardian ended by itself with {desk.process.returncode}")
    elif (code := desk.stop()) != 0:
        wrong.append(f"guardian ended with {code} when it was asked to stop")
    if len(judged_events) < 2 or judged_events[-1] <= judged_events[0]:
        wrong.append("no event was judged")
    wrong += [
        f"{n} {name}"
        for name in ("defects", "lost")
        if (n := max((v for _, v in samples.get(name, [])), default=0))
    ]
    if "Traceback" in desk.log:
        wrong.append("a traceback is in the log")
    verified = verify_file(desk.root / "state" / "journal.db")
    if not verified.ok:
        wrong.append(f"the journal does not verify: {verified.problem}")
    return wrong


def told_on_stderr(line: str) -> None:
    end = "\r" if sys.stderr.isatty() else "\n"
    sys.stderr.write(f"{line:<110}{end}")
    sys.stderr.flush()
