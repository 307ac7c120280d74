"""The JSON reports' documentation, generated from the model."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from tsprof.report import difference
from tsprof.report.difference import Difference
from tsprof.report.model import SCHEMA_VERSION, Report, Verdict

_INTRODUCTION = f"""\
# The JSON report

`--json FILE` writes the report of a run as one JSON object in ASCII. This page is generated from
the model in `tsprof/report/model/` by `make docs`.

- `schema` is {SCHEMA_VERSION}. Additions keep the number; a change that breaks readers raises it.
- Units: bytes, seconds, requests; milliseconds where a name ends in `_ms`. "Per request" means
  per counted request to the whole target.
- A number that could not be computed, or is not finite, is `null`.
- Text from the target is one printable line: control characters, terminal sequences and
  reordering marks are removed.
- A run that was cut short has `"complete": false` and the fields that were measured.

A shortened example:

```json
{{
  "schema": {SCHEMA_VERSION},
  "scenario": "check",
  "verdict": "fail",
  "exit_code": 1,
  "reasons": ["memory grows 32.8 B per request and does not slow down"],
  "requests": 12000,
  "failures": 0,
  "seconds": 41.2,
  "growth": {{"bytes_per_request": 32.8, "low": 32.1, "high": 33.4,
             "bytes_per_hour": 34479360, "detectable_bytes_per_request": 0.8}},
  "ledger": [{{"owner": "python_objects", "bytes_per_request": 31.9}}],
  "findings": [{{"resource": "memory", "kind": "leak",
                "title": "memory grows 32.8 B per request in app.py:30",
                "per_request": 32.8, "low": 32.1, "high": 33.4, "confidence": 0.99,
                "sites": [{{"function": "remember", "file": "/srv/shop/app.py", "line": 30,
                           "bytes_per_request": 31.9, "share": 0.973}}],
                "holders": [{{"path": "app.py: module global \\"seen\\" -> dict", "type": "dict",
                             "entries_per_request": 1.0, "bound": null}}]}}],
  "criteria": [{{"name": "p99_ms", "limit": 10, "value": 7.9, "met": true}}],
  "processes": [{{"pid": 4711, "command": "uvicorn app:app"}}]
}}
```
"""


_DIFFERENCE = f"""\
# The JSON of tsprof diff

`tsprof diff --json FILE` writes the difference of two runs; its `schema` is
{difference.SCHEMA_VERSION}.
"""


def markdown() -> str:
    """The page ``docs/report.md``: every object of the report and of a difference, by field."""
    sections = [
        _INTRODUCTION,
        *(_section(model) for model in _models(Report)),
        _DIFFERENCE,
        *(_section(model) for model in _models(Difference)),
    ]
    return "\n".join(sections)


def _models(root: type[BaseModel]) -> list[type[BaseModel]]:
    """The model and those in its fields, in the order in which a reader meets them."""
    found = [root]
    for model in found:  # grows while it is walked: breadth first
        for field in model.model_fields.values():
            found += [inner for inner in _inner_models(field.annotation) if inner not in found]
    return found


def _inner_models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inner_models(argument)


def _section(model: type[BaseModel]) -> str:
    descriptions = _descriptions(model)
    schema = model.model_json_schema(by_alias=False)
    rows = []
    for name, field in model.model_fields.items():
        properties = schema["properties"][name]
        default = "required" if field.is_required() else _default(properties)
        meaning = _cell(descriptions.get(name, ""))
        rows.append(
            f"| `{field.alias or name}` | {_json_type(properties)} | {default} | {meaning} |"
        )
    head = "| field | type | default | meaning |\n| --- | --- | --- | --- |"
    table = "\n".join([head, *rows])
    return f"## {model.__name__}\n\n{inspect.getdoc(model)}\n\n{table}\n"


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """The string below each field, which Python itself throws away."""
    found = {}
    for base in reversed([each for each in model.__mro__ if each.__module__ == model.__module__]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)
        for statement, following in zip(definition.body, definition.body[1:], strict=False):
            match statement, following:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = inspect.cleandoc(text)
    return found


def _json_type(schema: object) -> str:
    """The JSON type of a field, with links to the objects in it."""
    text = "any"
    match schema:
        case {"$ref": str(reference)}:
            text = _named(reference.rpartition("/")[2])
        case {"enum": [*values]}:
            text = " or ".join(f"`{value}`" for value in values)
        case {"anyOf": [*choices]}:
            text = " or ".join(map(_json_type, choices))
        case {"type": "array", "items": dict(items)}:
            text = f"array of {_json_type(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            text = f"object of {_json_type(values)}"
        case {"type": str(name)}:
            text = name
    return text


def _named(name: str) -> str:
    if name == Verdict.__name__:
        return " or ".join(f"`{verdict}`" for verdict in Verdict)
    return f"[{name}](#{name.lower()})"


def _default(schema: dict[str, object]) -> str:
    # An object's default is every default in it, which its own table tells.
    if "$ref" in schema:
        return "its defaults"
    return f"`{json.dumps(schema.get('default', {}))}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("None", "`null`").replace("|", "\\|").split())
