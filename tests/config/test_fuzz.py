"""Whatever is written, the answer is a pack or findings: never a traceback, never a silent half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from guardian.config import ConfigError, Finding, load_config, load_packs
from tests.config.desk import CONFIG, ROUTES, RULE

SPICE = st.sampled_from(
    [
        *"{}[]:,&*!|>%@`#-?'\"\\\t\n ~.",
        "- ", ": ", "\n  ", "---\n", "...\n", "<<: ", "!!float ", "null", "true", ".nan", "-.inf", "1e999",
        "0x1", "1:30", "\x00", "\x85", "\u2028", "\ufeff", "\ud7ff", "9" * 400, '"\\ud800"', "over: ",
        "level: lockout", "window: {day: Europe}", "hold: 1s", "runbook: .",
        "only: [a]", "id: dd", "file:", "env:",
        "%YAML 9.9\n",
    ]
)  # fmt: skip
ANYTHING = st.lists(st.one_of(SPICE, st.text(max_size=8)), max_size=40).map("".join)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """A valid file after a few cuts and pastes."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.one_of(SPICE, st.text(max_size=4))) + text[end:]
    return text


def outcome(raw: bytes, name: str) -> None:
    """Put `raw` in the place of one file of a valid desk: it loads, or every finding is whole."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        (desk / "pack").mkdir()
        files = {"pack/rules.yaml": RULE, "guardian.yaml": CONFIG, "routes.yaml": ROUTES}
        for file, text in files.items():
            (desk / file).write_text(text)
        (desk / name).write_bytes(raw)
        findings = found(desk)

    lines = raw.count(b"\n") + raw.count(b"\r") + 2
    assert all(each.message and each.fix and os.path.isabs(each.file) for each in findings)
    assert all(1 <= each.line <= max(lines, 30) for each in findings)
    assert all(str(each).encode() for each in findings)  # what is printed can be printed


def found(desk: Path) -> tuple[Finding, ...]:
    """The findings of a desk; without any, its pack must load the same by itself."""
    try:
        config = load_config(desk / "guardian.yaml")
    except ConfigError as error:
        return error.findings or (Finding("", 0, "", "", "refused without a finding"),)
    assert config.accounts
    assert load_packs([pack.name for pack in config.packs[1:]], desk)[1:] == config.packs[1:]
    return ()


@given(ANYTHING)
def test_any_text_as_a_pack(text: str) -> None:
    outcome(text.encode(errors="surrogatepass"), "pack/rules.yaml")


@given(mutated(RULE))
def test_a_mutated_pack(text: str) -> None:
    outcome(text.encode(errors="surrogatepass"), "pack/rules.yaml")


@given(mutated(CONFIG))
def test_a_mutated_configuration(text: str) -> None:
    outcome(text.encode(errors="surrogatepass"), "guardian.yaml")


@given(mutated(ROUTES))
def test_mutated_routes(text: str) -> None:
    outcome(text.encode(errors="surrogatepass"), "routes.yaml")


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    outcome(raw, "guardian.yaml")
