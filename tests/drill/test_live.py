"""The live drill through the real command line, judged by the venue's own books."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.drill.conftest import Drilled, configure, outcomes, whole

pytestmark = pytest.mark.process

CREATE = {"match": "order/create", "key": "hands", "effect": "timeout_after_effect", "count": 1}
CANCEL = {"match": "order/cancel", "effect": "timeout_after_effect", "count": 1}
FENCE = {"match": "update-sub-api", "effect": "timeout_after_effect", "count": 1}


def test_a_drill_passes_and_then_arming_needs_no_excuse(drilled: Drilled) -> None:
    sizes, before = drilled.desk.venue.sizes(), drilled.pid
    refused = drilled.desk.command("arm", "desk", "--confirm", "desk", "--json")
    due = drilled.desk.command("drill", "due", "--json")

    code, document = drilled.acknowledge(drilled.begin())

    assert (6, 3) == (refused.code, due.code)
    assert (0, True) == (code, document["passed"]), json.dumps(document, indent=1)
    assert {"ok"} == set(outcomes(document).values())
    whole(drilled)
    assert sizes == drilled.desk.venue.sizes()
    assert before != drilled.pid
    triggers, resolves = drilled.pagers.events("trigger"), drilled.pagers.events("resolve")
    assert [e["dedup_key"] for e in triggers] == [e["dedup_key"] for e in resolves]
    assert all(Path(path).stat().st_size > 0 for path in document["report"].values())
    assert 0 == drilled.desk.command("drill", "due", "desk", "--json").code
    assert 0 == drilled.desk.command("arm", "desk", "--confirm", "desk", "--json").code


def test_a_wrong_word_fails_and_is_no_drill(drilled: Drilled) -> None:
    drill = drilled.begin()
    drilled.until(lambda: drilled.pagers.word() is not None, "a page")

    code, document = drilled.finish(drill, "wrong-word-11\n")

    assert (4, False) == (code, document["passed"])
    assert "failed" == outcomes(document)["code word acknowledged"]
    assert "ok" == outcomes(document)["resolve page"]
    assert 3 == drilled.desk.command("drill", "due", "--json").code
    whole(drilled)


def test_no_word_in_time_fails(drilled: Drilled) -> None:
    drill = drilled.begin("--wait", "1")

    drill.wait(60)
    code, document = drilled.finish(drill)

    assert (4, "failed") == (code, outcomes(document)["code word acknowledged"])
    assert 1 == len(drilled.pagers.events("resolve"))


def test_answers_that_are_lost_after_they_took_effect(drilled: Drilled) -> None:
    for fault in (CREATE, CANCEL, FENCE):
        drilled.desk.venue.fault(**fault)

    code, document = drilled.finish(drilled.begin("--no-page"))

    assert 0 == code, json.dumps(document, indent=1)
    assert "skipped" == outcomes(document)["page people"]
    changed = [fault["changed"] for fault in drilled.desk.venue.truth(10**9)["faults"]]
    assert [1, 1, 1] == changed
    whole(drilled)
    assert document["drilled_at"] is None, "a drill that proved no pager does not count"
    assert 3 == drilled.desk.command("drill", "due", "--json").code


def test_a_refused_admin_fails_what_depends_on_it_and_nothing_else(drilled: Drilled) -> None:
    drilled.desk.venue.fault(match="update-sub-api", effect="ret_code", code=10005)

    code, document = drilled.finish(drilled.begin("--no-page"))

    found = outcomes(document)
    assert 4 == code
    assert ("failed", "skipped") == (found["fence canary key"], found["restore canary key"])
    assert ("ok", "ok") == (found["watch key sees it gone"], found["start canary process"])
    assert "ok" == found["cleanup: canary key is open"]
    assert 3 == drilled.desk.command("drill", "due", "--json").code
    whole(drilled)


def test_what_must_not_be_drilled_is_refused_untouched(drilled: Drilled) -> None:
    desk, seen = drilled.desk, []
    for canary in ("bot", "hands"):
        configure(desk, drilled.pagers, desk.venue.account[canary]["key"])
        seen.append(desk.command("drill", "live", "desk", "--confirm", "desk", "--json").code)
    desk.configure()
    seen.append(desk.command("drill", "live", "desk", "--confirm", "desk", "--json").code)
    configure(desk, drilled.pagers)
    desk.operate("demand", level="halt", reason="test")
    seen.append(desk.command("drill", "live", "desk", "--confirm", "desk", "--json").code)
    seen.append(desk.command("drill", "live", "desk", "--json").code)

    assert [6, 6, 6, 6, 6] == seen
    requests = drilled.desk.venue.truth()["requests"]
    assert not [r for r in requests if "update-sub-api" in r["path"] or "order/create" in r["path"]]


def test_offline_the_journal_remembers(drilled: Drilled) -> None:
    drilled.desk.stop()

    code, document = drilled.acknowledge(drilled.begin())

    assert (0, True) == (code, document["drilled_at"] is not None)
    assert 0 == drilled.desk.command("drill", "due").code
    assert 0 == drilled.desk.command("arm", "desk", "--confirm", "desk").code
