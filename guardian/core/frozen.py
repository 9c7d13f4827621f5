"""Frozen values, made and copied in C: the core does nothing more often.

A class is written as a dataclass and its values are msgspec structs. `dataclasses.fields` and its kin know
them, and to make or to copy one takes a quarter of the time. Pydantic, by which outer layers read and write
them as JSON, asks the class for its schema; the core never does.

Only for frozen, slotted values without a parent and without `__post_init__`, as every value of the core is.
A name that is no field is a TypeError.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    # The same for type checkers, which know each class's fields by them.
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:
    replace = msgspec.structs.replace

    def dataclass(*, frozen, slots):
        assert frozen
        assert slots
        return _struct

    def _struct(kind):
        written = {name: value for name, value in vars(kind).items() if name not in _OF_OPEN_CLASSES}
        dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(kind)
        space = {name: value for name, value in written.items() if name not in kind.__dataclass_fields__}
        space |= {name: getattr(kind, name) for name in ("__dataclass_fields__", "__dataclass_params__")}
        space["__get_pydantic_core_schema__"] = classmethod(_schema)
        fields = [_declared(field) for field in dataclasses.fields(kind)]
        return msgspec.defstruct(kind.__name__, fields, module=kind.__module__, namespace=space, frozen=True)

    _OF_OPEN_CLASSES = ("__dict__", "__weakref__")

    def _declared(field):
        if field.default_factory is not dataclasses.MISSING:
            return field.name, field.type, msgspec.field(default_factory=field.default_factory)
        if field.default is not dataclasses.MISSING:
            return field.name, field.type, field.default
        return field.name, field.type

    def _schema(kind, _source, handler):
        """How pydantic reads a value, by its fields, and writes it."""
        from pydantic_core import core_schema as schemas

        hints = typing.get_type_hints(kind, include_extras=True)

        def given(field):
            schema = handler.generate_schema(hints[field.name])
            if field.default_factory is not dataclasses.MISSING:
                schema = schemas.with_default_schema(schema, default_factory=field.default_factory)
            elif field.default is not dataclasses.MISSING:
                schema = schemas.with_default_schema(schema, default=field.default)
            return schemas.dataclass_field(field.name, schema)

        return schemas.no_info_wrap_validator_function(
            lambda value, read: value if type(value) is kind else kind(**read(value)[0]),
            schemas.dataclass_args_schema(kind.__name__, [given(f) for f in dataclasses.fields(kind)]),
            serialization=schemas.plain_serializer_function_ser_schema(msgspec.to_builtins),
        )
