"""How hard these tests try. `GUARDIAN_FUZZ=20 pytest tests/fuzz -o faulthandler_timeout=0` tries harder."""

from __future__ import annotations

import os

import hypothesis

TIMES = float(os.environ.get("GUARDIAN_FUZZ", "1"))


def examples(number: int) -> hypothesis.settings:
    """That many examples, times the effort that was asked for; with more than one, new ones each run."""
    return hypothesis.settings(
        max_examples=max(1, int(number * TIMES)), derandomize=TIMES <= 1, deadline=None
    )
