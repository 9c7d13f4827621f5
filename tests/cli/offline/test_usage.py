"""Whoever mistypes a command is shown its usage; a program with --json gets the one document it expects."""

from __future__ import annotations

import json

import pytest

from tests.integration.commands import in_process

MISTYPED = [
    (["flatten"], "Missing argument 'ACCOUNT'."),
    (["status", "--nope"], "No such option '--nope'."),
    (["nope"], "No such command 'nope'."),
    (["journal", "nope"], "No such command 'nope'."),
    (["journal", "show", "--last", "many"], "'many' is not a valid integer"),
    (["demo", "--seconds", "20"], "'--seconds': 20.0 is not in the range 22.0<=x<=3600.0"),
    (["demo", "--seconds", "1e9"], "is not in the range 22.0<=x<=3600.0"),
    (["demo", "--seconds", "nan"], "nan is no number of seconds; write one from 22 to 3600"),
]


@pytest.mark.parametrize(("words", "sentence"), MISTYPED, ids=lambda value: str(value[0]))
def test_a_usage_error_is_one_document_too(words: list[str], sentence: str) -> None:
    said, told = in_process([*words, "--json"]), in_process(words)

    assert (said.code, told.code) == (2, 2)
    assert sentence in said.document["error"]
    assert (said.document["ok"], said.document["exit_code"]) == (False, 2)
    assert told.out == ""
    for err in (said.err, told.err):
        assert "Usage: guardian" in err
        assert sentence in err


def test_what_is_no_error_ends_with_0() -> None:
    assert in_process(["--version"]).code == 0
    assert in_process(["status", "--help"]).code == 0


def test_help_prints_no_second_document() -> None:
    said = in_process(["status", "--help", "--json"])

    assert said.code == 0
    with pytest.raises(json.JSONDecodeError):
        json.loads(said.out)
