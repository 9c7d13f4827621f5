"""Start `guardian venue serve` as its own process and read its first line, for tests, demos and drills."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from guardian.errors import GuardianError


@dataclass(frozen=True, slots=True, repr=False)
class LaunchedVenue:
    """`line` is the parsed first line (it holds secrets: never print it), `process` the child."""

    line: dict[str, Any]
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return str(self.line["url"])

    @property
    def accounts(self) -> list[dict[str, Any]]:
        return list(self.line["accounts"])

    def stop(self, timeout_seconds: float = 5.0) -> int:
        """SIGTERM, then wait; returns the exit code. Kills after the timeout."""
        self.process.terminate()
        try:
            return self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_venue(arguments: Sequence[str] = ()) -> LaunchedVenue:
    """Run `guardian venue serve` with these arguments and wait until it listens.

    Its errors go to this process's stderr. Raises GuardianError if it stops before its first line.
    """
    command = [sys.executable, "-m", "guardian", "venue", "serve", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    if not first:
        process.stdout.close()
        code = process.wait()
        raise GuardianError(f"the simulated venue did not start (exit {code}); its reason is on stderr")
    return LaunchedVenue(json.loads(first), process)
