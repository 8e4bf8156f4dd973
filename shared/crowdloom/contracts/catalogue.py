"""Generates what is committed about the events: catalogue, AsyncAPI file, JSON schemas, examples.

`python -m crowdloom.contracts.catalogue write` regenerates; `check` fails where a file is stale.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.contracts.registry import EventType, all_event_types

ROOT = Path(__file__).resolve().parents[3]
EVENTS = ROOT / "docs" / "events"


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    generated = {EVENTS / "README.md": catalogue(), EVENTS / "asyncapi.yaml": asyncapi()}
    for known in all_event_types():
        example = json.dumps(known.example, indent=2, ensure_ascii=False) + "\n"
        generated[EVENTS / "examples" / f"{known.name}.json"] = example
    return generated


def catalogue() -> str:
    lines = [
        "# Events",
        "",
        "Generated from the registry by `make docs`; do not edit. Topics marked *closed* name",
        "workers: task-service neither publishes nor consumes them.",
        "",
        "| event | owner | topic | key | names a worker | what it says |",
        "|---|---|---|---|---|---|",
    ]
    for known in all_event_types():
        closed = "yes, closed" if known.pii else "no"
        summary = " ".join(known.summary.split())
        lines.append(
            f"| [`{known.name}`](examples/{known.name}.json) | {known.owner} | `{known.topic}` "
            f"| `{known.key}` | {closed} | {summary} |"
        )
    return "\n".join(lines) + "\n"


def asyncapi() -> str:
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {"title": "Crowdloom events", "version": "1.0.0"},
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": _schemas()},
    }
    for known in all_event_types():
        _add_message(document, known)
    return yaml.dump(document, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100)


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _add_message(document: dict[str, Any], known: EventType) -> None:
    channel = document["channels"].setdefault(known.topic, {"address": known.topic, "messages": {}})
    channel["messages"][known.name] = {"$ref": f"#/components/messages/{known.name}"}
    document["components"]["messages"][known.name] = {
        "name": known.name,
        "summary": " ".join(known.summary.split()),
        "contentType": "application/cloudevents+json; charset=UTF-8",
        "headers": {"type": "object", "properties": {"ce_type": {"const": known.name}}},
        "payload": {"$ref": f"#/components/schemas/{known.cls.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": known.key}}},
        "examples": [{"payload": dict(known.example)}],
    }
    operation = document["operations"].setdefault(
        f"{known.owner}.{known.topic}",
        {"action": "send", "channel": {"$ref": f"#/channels/{known.topic}"}, "messages": []},
    )
    operation["messages"].append({"$ref": f"#/channels/{known.topic}/messages/{known.name}"})


def _schemas() -> dict[str, Any]:
    plugin = MarshmallowPlugin()
    spec = APISpec("events", "1", "3.1.0", plugins=[plugin])
    converter = plugin.converter
    if converter is None:  # pragma: no cover - set by APISpec
        raise RuntimeError("the marshmallow plugin is not set up")
    converter.add_attribute_function(_describe_own_fields)  # type: ignore[no-untyped-call]
    for known in all_event_types():
        spec.components.schema(known.cls.__name__, schema=known.schema)
    schemas: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    return schemas


def _describe_own_fields(_converter: Any, field: Any, **_options: Any) -> dict[str, Any]:
    if isinstance(field, MoneyField):
        return {
            "type": "object",
            "required": ["amount_minor", "currency"],
            "properties": {
                "amount_minor": {"type": "integer"},
                "currency": {"type": "string"},
                "scale": {"type": "integer"},
            },
        }
    if isinstance(field, InstantField):
        return {"type": "string", "format": "date-time"}
    return {}


def stale_files() -> Iterator[Path]:
    for path, text in files().items():
        if not path.exists() or path.read_text() != text:
            yield path


def main(arguments: list[str]) -> int:
    if arguments == ["write"]:
        for path, text in files().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return 0
    stale = [str(path.relative_to(ROOT)) for path in stale_files()]
    if stale:
        sys.stderr.write(f"Stale, run `make docs`: {', '.join(stale)}\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
