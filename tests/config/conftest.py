"""Every test here stands in a folder with a valid configuration, pack and routes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.desk import CONFIG, ROUTES, RULE


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a valid configuration, pack and routes, as the working folder."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/rules.yaml").write_text(RULE)
    (tmp_path / "guardian.yaml").write_text(CONFIG)
    (tmp_path / "routes.yaml").write_text(ROUTES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GUARDIAN_CONFIG", raising=False)
    return tmp_path
