"""The measuring process: alone with its caches, and with one thread for linear algebra.

With more of them the recomputation on a busy machine mostly waits for its own threads, which would flatter
guardian.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from guardian.errors import GuardianError

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def measured(options: Mapping[str, int | str]) -> dict[str, Any]:
    """The document of `python -m guardian.bench.metrics`; its progress and its reason go to stderr."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "guardian.bench.metrics", *words],
        stdout=subprocess.PIPE,
        env=os.environ | ONE_THREAD,
        check=False,
    )
    if done.returncode != 0:
        raise GuardianError(f"the measurement ended with {done.returncode}; its reason is on stderr")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
