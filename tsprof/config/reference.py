"""The configuration's reference, read off the model: every key with its default and meaning."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsprof.config.model import Settings, Table


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of the configuration file."""

    table: str
    key: str
    default: str
    """As it would be written in the file; empty for none."""
    examples: tuple[Any, ...]
    description: str


def fields() -> list[Key]:
    """Return every key, table by table in the order of the model."""
    found = []
    for table, outer in Settings.model_fields.items():
        model = outer.annotation
        if isinstance(model, type) and issubclass(model, Table):
            inner = model.model_fields
        else:  # a table of free keys: its examples are its keys
            inner = {}
            found += [
                Key(
                    table=table,
                    key=key,
                    default="",
                    examples=(value,),
                    description=outer.description or "",
                )
                for key, value in (outer.examples or [{}])[0].items()
            ]
        found += [
            Key(
                table=table,
                key=field.alias or name,
                default=toml(field.get_default(call_default_factory=True)),
                examples=tuple(field.examples or ()),
                description=field.description or "",
            )
            for name, field in inner.items()
        ]
    return found


def toml(value: Any) -> str:
    """Write a value as TOML; an empty text for None and for what is empty."""
    if value in (None, (), {}):
        return ""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # JSON's texts, numbers and booleans are TOML's.
    return json.dumps(value, ensure_ascii=False)
