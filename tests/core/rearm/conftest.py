"""The overheat score is given; how it is made is another folder's concern."""

from __future__ import annotations

import pytest

from guardian.core.metrics import limits
from guardian.core.metrics.overheat import Overheat


class Heat:
    """Set `value` to what the score shall be."""

    value = 0.0


@pytest.fixture(autouse=True)
def heat(monkeypatch: pytest.MonkeyPatch) -> Heat:
    given = Heat()
    monkeypatch.setattr(limits, "overheat", lambda account, now: Overheat(given.value, (), False))
    return given
