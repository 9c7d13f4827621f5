"""Frozen values, made and copied almost as fast as open ones: the core does nothing more often.

A frozen dataclass writes each of its fields past its own guard, by name, and `dataclasses.replace` asks every
field how it was declared. Here a value is written while it is of an open class with the same slots, and only
then is given its frozen class: in a quarter of the time. Both functions are written out for each class from
the names of its fields, as `dataclasses` itself does it.

Only for slotted values without a parent and without `__post_init__`, as every value of the core is. A name
that is no field is an AttributeError.
"""

from __future__ import annotations

import dataclasses
from functools import update_wrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The same for type checkers, which know each class's fields by them.
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:
    _copiers = {}

    def dataclass(**wanted):
        def made(kind):
            kind = dataclasses.dataclass(**wanted)(kind)
            # To change the class of a value takes as long as to write one field past the guard.
            if wanted == {"frozen": True, "slots": True} and len(kind.__slots__) > 1:
                kind.__init__ = update_wrapper(_initialiser(kind), kind.__init__)
            return kind

        return made

    def replace(value, /, **changes):
        kind = value.__class__
        copier = _copiers.get(kind)
        if copier is None:
            copier = _copiers[kind] = _copier(kind)
        return copier(value, changes)

    def _initialiser(kind):
        asked, lines, scope, none = ["self"], ["_set(self, '__class__', _open)"], {}, dataclasses.MISSING
        for field in dataclasses.fields(kind):
            name, made = field.name, field.default_factory is not none
            scope |= {f"{name}_": field.default, f"make_{name}": field.default_factory, "_none": none}
            asked.append(f"{name}={name}_" if made or field.default is not none else name)
            value = f"make_{name}() if {name} is _none else {name}" if made else name
            lines.append(f"self.{name} = {value}")
        return _written(kind, asked, [*lines, "self.__class__ = _kind"], scope)

    def _copier(kind):
        copied = [f"new.{name} = old.{name}" for name in kind.__slots__]
        changed = "for name, value in changes.items(): setattr(new, name, value)"
        lines = ["new = _new(_open)", *copied, changed, "new.__class__ = _kind", "return new"]
        return _written(kind, ["old", "changes"], lines, {})

    def _written(kind, asked, lines, scope):
        opened = type(kind.__name__, (), {"__slots__": kind.__slots__})
        scope |= {"_kind": kind, "_open": opened, "_new": object.__new__, "_set": object.__setattr__}
        exec("\n    ".join([f"def made({', '.join(asked)}):", *lines]), scope)  # noqa: S102 - names of fields
        return scope["made"]
