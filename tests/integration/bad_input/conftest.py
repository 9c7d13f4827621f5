"""The desks of the parent folder, and a guardian that must end by itself."""

from __future__ import annotations

from tests.integration.conftest import open_desk
from tests.integration.troupe import Desk, Said

__all__ = ["ended", "open_desk"]


def ended(desk: Desk, seconds: float = 60.0) -> Said:
    """Start `guardian run` where it must end by itself."""
    code = desk.spawn().wait(seconds)
    return Said(code, "", (desk.root / f"run-{desk.started}.log").read_text())
