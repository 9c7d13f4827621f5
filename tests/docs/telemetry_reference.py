"""docs/telemetry.schema.json and the fields of docs/telemetry.md, from the model that reads messages.

python -m tests.docs.telemetry_reference            exit 1 when either is stale
python -m tests.docs.telemetry_reference --write    brings both up to date
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from guardian.web.message import schema

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, SCHEMA = DOCS / "telemetry.md", DOCS / "telemetry.schema.json"
BLOCK = re.compile(r"(<!-- generated: fields -->\n).*?(<!-- end -->)", re.DOTALL)
PARTS = {"gauges": "GaugeBody", "signals": "SignalBody", "twins": "TwinBody", "twins[].fills": "FillBody"}


def schema_text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def fields() -> str:
    """One row a field, those of the parts under their list's name."""
    whole = schema()
    rows = ["| field | | |", "|---|---|---|"]
    rows += _rows("", whole, whole)
    return "\n".join(rows) + "\n"


def _rows(under: str, part: dict[str, Any], whole: dict[str, Any]) -> list[str]:
    rows = []
    for name, field in part["properties"].items():
        rows.append(_row(under + name, field, part))
        if under + name in PARTS:
            rows += _rows(f"{under}{name}[].", whole["$defs"][PARTS[under + name]], whole)
    return rows


def page_text() -> str:
    return BLOCK.sub(lambda found: found[1] + fields() + found[2], PAGE.read_text(encoding="utf-8"))


def _row(name: str, field: dict[str, Any], of: dict[str, Any]) -> str:
    need = "required" if name.rpartition("[].")[2] in of.get("required", ()) else "optional"
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    words = " or ".join(dict.fromkeys(_kind(kind) for kind in kinds))
    said = next((each["description"] for each in (field, *kinds) if "description" in each), "")
    return f"| `{name}` | {words}, {need} | {said} |"


def _kind(kind: dict[str, Any]) -> str:
    if "enum" in kind:
        return " or ".join(f"`{value}`" for value in kind["enum"])
    if kind.get("type") == "array":
        return f"list of at most {kind['maxItems']}"
    if kind.get("type") == "object":
        return f"mapping of at most {kind['maxProperties']}"
    bounds = [
        f"{words} {kind[key]:g}"
        for key, words in (("exclusiveMinimum", "above"), ("minimum", "from"), ("maximum", "to"))
        if key in kind
    ]
    plain = {"string": "text", "boolean": "true or false"}.get(kind["type"], kind["type"])
    plain = "instant" if kind.get("format") == "date-time" else plain
    return " ".join([plain, *bounds])


def main() -> int:
    wanted = {SCHEMA: schema_text(), PAGE: page_text()}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    if "--write" in sys.argv[1:]:
        for path in stale:
            path.write_text(wanted[path], encoding="utf-8")
        return 0
    for path in stale:
        sys.stdout.write(f"{path.name} is stale: python -m tests.docs.telemetry_reference --write\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
