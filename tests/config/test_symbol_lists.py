"""`of: file:PATH`: the names of a list that lies in a file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.config import load_packs
from tests.config.desk import RULE, check, findings

STRANGERS = RULE.replace("drawdown\n", "foreign_activity\n").replace("lockout", "halt")


@pytest.fixture
def listed(desk: Path) -> Path:
    """A rule of the pack reads the list that lies beside it."""
    (desk / "pack/rules.yaml").write_text(STRANGERS + "  of: file:allow.yaml\n")
    (desk / "pack/allow.yaml").write_text('symbols:\n  - "BTC"\n  - "ETH/USDT:USDT"\n')
    return desk


def of(desk: Path) -> str:
    return next(each.of for each in load_packs(["pack"], desk)[-1].rules if each.id == "dd")


def test_the_names_of_the_file_are_the_rules_own(listed: Path) -> None:
    assert "BTC,ETH/USDT:USDT" == of(listed)
    assert 0 == check("--rules", "pack").exit_code


@pytest.mark.parametrize("place", ["../allow.yaml", "{desk}/allow.yaml", "  ../allow.yaml"])
def test_a_path_begins_at_the_rules_own_folder(place: str, listed: Path) -> None:
    (listed / "pack/allow.yaml").rename(listed / "allow.yaml")
    (listed / "pack/rules.yaml").write_text(STRANGERS + f'  of: "file:{place.format(desk=listed)}"\n')

    assert "BTC,ETH/USDT:USDT" == of(listed)


def test_a_list_stands_beside_names(listed: Path) -> None:
    (listed / "pack/rules.yaml").write_text(STRANGERS + "  of: [SOL, file:allow.yaml, BTC]\n")

    assert "SOL,BTC,ETH/USDT:USDT" == of(listed)


def test_the_packs_hash_covers_the_list(listed: Path) -> None:
    """Otherwise the journal could not tell which symbols were allowed then."""
    before = load_packs(["pack"], listed)[-1].hash
    (listed / "pack/allow.yaml").write_text("symbols: [BTC]\n")

    assert before != load_packs(["pack"], listed)[-1].hash


@pytest.mark.parametrize("written", ["allow.yaml", "lists/allow.yml", "[BTC, allow.YAML]"])
def test_a_files_name_is_no_symbol(written: str, desk: Path) -> None:
    """Everything that is held would be foreign, and `check` said nothing."""
    (desk / "pack/rules.yaml").write_text(STRANGERS + f"  of: {written}\n")

    (told,) = findings("--rules", "pack")

    assert ("dd", "of", 11) == (told["rule"], told["field"], told["line"])
    assert "is a file" in told["message"]
    assert "of: file:" in told["fix"]


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("*", ""),
        ("BTC/", "BTC"),
        ("BTC/*", "BTC"),
        ("BTC*", "BTC"),
        ("/USDT", ""),
        ("BTC/USDT:", "BTC/USDT"),
        ("BTC:USDT", "BTC/USDT:USDT"),
        ("BTC//USDT", "BTC/USDT"),
        ("BTC/USDT/USDT", "BTC/USDT"),
        ("btc", "BTC"),
        ("btc/usdt:usdt", "BTC/USDT:USDT"),
        ("ADA_", "ADA"),
        ("XRP-", "XRP"),
        ("XRP-/USDT", "XRP/USDT"),
        ("XRP/USDT:USDT-", "XRP/USDT:USDT"),
    ],
)
def test_what_no_symbol_is_called_is_refused(written: str, near: str, listed: Path) -> None:
    """It allowed nothing: whoever wrote it believes that it stands for something."""
    (listed / "pack/allow.yaml").write_text(f'symbols:\n  - BTC\n  - "{written}"\n')
    (in_list,) = findings("--rules", "pack")
    (listed / "pack/allow.yaml").unlink()
    (listed / "pack/rules.yaml").write_text(STRANGERS + f'  of: [BTC, "{written}"]\n')
    (in_rule,) = findings("--rules", "pack")

    assert ("pack/allow.yaml", 3, "symbols[1]") == (in_list["file"], in_list["line"], in_list["field"])
    assert ("pack/rules.yaml", 11, "of") == (in_rule["file"], in_rule["line"], in_rule["field"])
    for told in (in_list, in_rule):
        assert f"{written} is no symbol" in told["message"]
        assert near == told["nearest"]
        assert "BTC/USDT:USDT" in told["fix"]


@pytest.mark.parametrize(
    "name",
    [
        *("BTC", "1000PEPE", "kPEPE", "币安人生/USDT", "stETH/ETH", "XAUT.E"),
        *("BTC/USDT", "BTC/USDT:USDT", "BTC/USDT:USDT-260327", "BTC/USDT:USDT-260327-100000-C"),
        *("BTCUSD", "BTC_USDT", "BTC-27MAR26-100000-C", "BTCUSDU26"),
    ],
)
def test_a_symbol_may_be_called_as_venues_call_it(name: str, listed: Path) -> None:
    (listed / "pack/allow.yaml").write_text(f'symbols: ["{name}"]\n')

    assert name == of(listed)


@pytest.mark.parametrize(
    ("content", "line", "field", "says"),
    [
        ("symbols: []\n", 1, "symbols", "allows no symbol"),
        ("# none stayed inside\nsymbols:\n", 2, "symbols", "has no value"),
        ("symbols: [BTC]\nsymbol: [ETH]\n", 2, "symbol", "unknown field"),
        ("symbols:\n  - BTC\n  - 12\n", 3, "symbols[1]", "a number where text is needed"),
        ("symbols:\n  - BTC, ETH\n", 2, "symbols[0]", "is more than one symbol"),
        ("symbols: BTC\n", 1, "symbols", "text where a list is needed"),
        ("- BTC\n", 1, "", "a list where a mapping is needed"),
        ("symbols: [BTC\n", 2, "", "YAML"),
        ("", 1, "", "is empty"),
    ],
)
def test_what_is_wrong_in_the_list_is_told_with_its_own_file_and_line(
    content: str, line: int, field: str, says: str, listed: Path
) -> None:
    (listed / "pack/rules.yaml").write_text(STRANGERS + "  of: file:../allow.yaml\n")
    (listed / "pack/allow.yaml").unlink()
    (listed / "allow.yaml").write_text(content)

    (told,) = findings("--rules", "pack")

    assert ("allow.yaml", line, field) == (told["file"], told["line"], told["field"])
    assert says in told["message"]
    assert told["fix"]


@pytest.mark.parametrize("missing", ["none.yaml", ".", ""])
def test_a_list_that_is_not_there_is_told_at_the_rule(missing: str, listed: Path) -> None:
    (listed / "pack/allow.yaml").unlink()
    (listed / "pack/rules.yaml").write_text(STRANGERS + f'  of: "file:{missing}"\n')

    (told,) = findings("--rules", "pack")

    assert ("pack/rules.yaml", 11, "of") == (told["file"], told["line"], told["field"])


def test_a_list_of_the_packs_folder_that_no_rule_reads_is_told(listed: Path) -> None:
    """Whoever put it there believes that it is in force."""
    (listed / "pack/rules.yaml").write_text(STRANGERS + "  of: BTC\n")

    (told,) = findings("--rules", "pack")

    assert ("pack/allow.yaml", 1) == (told["file"], told["line"])
    assert "that no rule reads" in told["message"]
    assert "of: file:allow.yaml" in told["fix"]


def test_a_wrong_list_of_the_packs_folder_is_told_once(listed: Path) -> None:
    (listed / "pack/allow.yaml").write_text("symbols: []\n")

    (told,) = findings("--rules", "pack")

    assert ("pack/allow.yaml", "symbols") == (told["file"], told["field"])


def test_a_list_is_no_pack(listed: Path) -> None:
    (told,) = findings("--rules", "pack/allow.yaml")

    assert "a list of symbols that no rule reads" in told["message"]


def test_a_list_of_several_is_refused_where_one_is_meant(listed: Path) -> None:
    text = RULE.replace("drawdown\n  window: 1h\n", "gauge\n").replace("lockout", "halt")
    (listed / "pack/rules.yaml").write_text(text + "  of: file:allow.yaml\n")

    assert any("is more than a gauge" in each["message"] for each in findings("--rules", "pack"))


@pytest.mark.parametrize(
    "named",
    ["cluster_exposure", "beta_exposure", "gross_exposure\n  scope: cluster", "leverage\n  scope: cluster"],
)
def test_a_list_may_declare_a_cluster(named: str, listed: Path) -> None:
    """An asset, and a symbol for its asset."""
    text = RULE.replace("drawdown\n  window: 1h\n", f"{named}\n").replace("lockout", "halt")
    (listed / "pack/rules.yaml").write_text(text + "  of: file:allow.yaml\n")

    assert 0 == check("--rules", "pack").exit_code
    assert "BTC,ETH/USDT:USDT" == of(listed)
