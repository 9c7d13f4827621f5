"""The taker fee of closing: read from guardian.yaml, known to the core, and the same in a rehearsal."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, cast

import pytest

from guardian.config import Config, load_config
from guardian.drill.copy import Place, write_copy
from guardian.runtime.desk import AccountDesk
from guardian.runtime.start.assemble import policy_of
from tests.config.desk import CONFIG

FEES = [
    ("slippage: 0.02, fee: 0.00055", 0.00055),
    ("slippage: 0.02, fee: 0.00005", 0.00005),
    ("slippage: 0.02", 0.0),
    ("slippage: 0.02, fee: 0", 0.0),
]


def load(desk: Path, flatten: str) -> Config:
    (desk / "guardian.yaml").write_text(CONFIG.replace("slippage: 0.02", flatten))
    return load_config(desk / "guardian.yaml")


@pytest.mark.parametrize(("flatten", "fee"), FEES)
def test_it_is_a_fraction_and_not_counted_unless_it_is_told(flatten: str, fee: float, desk: Path) -> None:
    account = load(desk, flatten).accounts[0]
    bots, nothing = dict.fromkeys(("bot", "hook")), cast(Any, None)
    watching = AccountDesk("main", nothing, None, None, cast(Any, bots), nothing, None, None, False)

    assert fee == account.flatten.fee
    assert fee == policy_of(account, (), watching).fee


@pytest.mark.parametrize(("flatten", "fee"), FEES)
def test_a_rehearsal_pays_it_too(flatten: str, fee: float, desk: Path) -> None:
    config, root = load(desk, flatten), desk / "copy"
    root.mkdir()
    keys: Any = defaultdict(lambda: {"key": "K", "secret": "S"})

    write_copy(config, config.accounts[0], Place(root, "http://127.0.0.1:1", keys, "http://127.0.0.1:2"))

    assert fee == load_config(root / "guardian.yaml").accounts[0].flatten.fee
