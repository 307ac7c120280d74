"""The configuration's reference, read off the model: every key with its default and meaning."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsprof.config.criteria import CRITERIA
from tsprof.config.model import Settings
from tsprof.config.table import Table


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
    return [key for table in Settings.model_fields for key in _keys_of(table)]


def _keys_of(table: str) -> list[Key]:
    model = Settings.model_fields[table].annotation
    if not (isinstance(model, type) and issubclass(model, Table)):
        return [
            Key(
                table=table,
                key=name,
                default="",
                examples=(limit.example,),
                description=limit.meaning,
            )
            for name, limit in CRITERIA.items()
        ]
    return [
        Key(
            table=table,
            key=field.alias or name,
            default=toml(field.get_default(call_default_factory=True)),
            examples=tuple(field.examples or ()),
            description=field.description or "",
        )
        for name, field in model.model_fields.items()
    ]


def toml(value: Any) -> str:
    """Write a value as TOML; an empty text for None and for what is empty."""
    if value in (None, (), {}):
        return ""
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {toml(item)}" for key, item in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # JSON's texts, numbers and booleans are TOML's.
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
