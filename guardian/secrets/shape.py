"""The shape of a key pair, wherever it is kept. Errors name the reference, never what was found."""

from __future__ import annotations

import json

from guardian.errors import SecretError
from guardian.ports import Credential

SHAPE = '{"key": "...", "secret": "..."}'


def credential(ref: str, fields: object) -> Credential:
    """The pair, with every further plain field in `extra`. Raises SecretError."""
    if not isinstance(fields, dict):
        raise SecretError(f"{ref}: is not a JSON object; write {SHAPE}")
    for name in ("key", "secret"):
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise SecretError(f"{ref}: has no text field {name!r}; write {SHAPE}")
    extra = {name: value for name, value in fields.items() if name not in ("key", "secret")}
    if any(isinstance(value, dict | list) for value in extra.values()):
        raise SecretError(f"{ref}: a field beside key and secret is not a plain value; write {SHAPE}")
    pairs = tuple(sorted((name, _plain(value)) for name, value in extra.items()))
    return Credential(fields["key"].strip(), fields["secret"].strip(), pairs)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
