"""guardian venues: each venue that an account may be on, in words and as one document."""

from __future__ import annotations

from guardian.exchanges import VENUES
from tests.integration.commands import in_process


def test_every_supported_venue_is_listed_with_what_it_can_do() -> None:
    said, told = in_process(["venues", "--json"]), in_process(["venues"])

    rows = said.document["venues"]
    assert (said.code, told.code) == (0, 0)
    assert [row["name"] for row in rows] == sorted(VENUES)
    for row in rows:
        assert row["capabilities"] == VENUES[row["name"]].capabilities
        assert f"{row['name']}: {row['title']}" in told.out
        assert " ".join(told.out.split()).count(row["capabilities"]) == 1
    assert max(len(line) for line in told.out.splitlines()) <= 100
