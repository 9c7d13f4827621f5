"""The kinds of contracts that an account can trade: what is left out is asked about by nobody."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from guardian.config import Config, load_config
from guardian.drill.copy import Place, write_copy
from guardian.exchanges.reach import endpoint_of
from tests.config.desk import CONFIG

KINDS = [
    ("", ("linear", "inverse", "option")),
    ("contracts: [linear]", ("linear",)),
    ("contracts: [inverse, linear]", ("linear", "inverse")),
]


def load(desk: Path, line: str) -> Config:
    (desk / "guardian.yaml").write_text(CONFIG.replace("currency: USDT", f"currency: USDT\n    {line}"))
    return load_config(desk / "guardian.yaml")


@pytest.mark.parametrize(("line", "kinds"), KINDS)
def test_all_are_watched_unless_it_is_said_which(line: str, kinds: tuple[str, ...], desk: Path) -> None:
    account = load(desk, line).accounts[0]

    assert kinds == account.contracts
    assert kinds == endpoint_of(account).contracts


@pytest.mark.parametrize(("line", "kinds"), KINDS)
def test_a_rehearsal_watches_the_same(line: str, kinds: tuple[str, ...], desk: Path) -> None:
    config, root = load(desk, line), desk / "copy"
    root.mkdir()
    keys: Any = defaultdict(lambda: {"key": "K", "secret": "S"})

    write_copy(config, config.accounts[0], Place(root, "http://127.0.0.1:1", keys, "http://127.0.0.1:2"))

    assert kinds == load_config(root / "guardian.yaml").accounts[0].contracts
