"""docs/events/asyncapi.yaml holds together: structure, references, examples against schemas."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from crowdloom.contracts import all_event_types, event_type
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docs/events/asyncapi.yaml").read_text())
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
KEY = re.compile(r"^[a-zA-Z0-9._-]+$")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolved(reference: str) -> Any:
    assert reference.startswith("#/"), f"{reference} leads out of the document"
    node: Any = DOCUMENT
    for step in reference[2:].split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def test_it_is_asyncapi_3_with_all_that_the_version_wants():
    assert re.fullmatch(r"3\.\d+\.\d+", DOCUMENT["asyncapi"])
    assert {"title", "version"} <= set(DOCUMENT["info"])
    for part in ("channels", "operations"):
        assert all(KEY.match(name) for name in DOCUMENT[part])
    for part in DOCUMENT["components"].values():
        assert all(KEY.match(name) for name in part)


def test_every_reference_leads_somewhere():
    found = list(references(DOCUMENT))
    assert found
    assert all(resolved(reference) for reference in found)


def test_every_event_is_a_message_of_its_topic_and_sent_by_its_owner():
    assert set(MESSAGES) == {known.name for known in all_event_types()}
    for known in all_event_types():
        channel = DOCUMENT["channels"][known.topic]
        assert channel["address"] == known.topic
        assert resolved(channel["messages"][known.name]["$ref"]) is MESSAGES[known.name]
        operation = DOCUMENT["operations"][f"{known.owner}.{known.topic}"]
        assert operation["action"] == "send"
        assert operation["channel"] == {"$ref": f"#/channels/{known.topic}"}
        # Version 3 wants an operation's messages as references into its channel.
        sent = {reference["$ref"] for reference in operation["messages"]}
        assert f"#/channels/{known.topic}/messages/{known.name}" in sent


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_an_example_is_valid_against_its_schema_and_less_of_it_is_not(name: str):
    message = MESSAGES[name]
    schema = {**DOCUMENT, **resolved(message["payload"]["$ref"])}
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for example in message["examples"]:
        assert list(validator.iter_errors(example["payload"])) == []
    key = event_type(name).key
    [example] = message["examples"]
    incomplete = {field: value for field, value in example["payload"].items() if field != key}
    assert list(validator.iter_errors(incomplete))
