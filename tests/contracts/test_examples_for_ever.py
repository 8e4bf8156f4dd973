"""Once an event was published like this, it is read like this for ever.

`examples/` holds every example an event ever had, `<name>.<number>.json`; `docs/events/examples`
only that of today. A changed example is added as the next number, with its line in SHA256SUMS.
"""

import hashlib
import json
from pathlib import Path

import pytest
from crowdloom.contracts import all_event_types, event_type

FROZEN = Path(__file__).parent / "examples"
SUMS = dict(reversed(line.split("  ")) for line in (FROZEN / "SHA256SUMS").read_text().splitlines())
FILES = sorted(FROZEN.glob("*.json"))
EVENTS = [known.name for known in all_event_types()]


def frozen_of(name: str) -> list[Path]:
    return [path for path in FILES if path.stem.rsplit(".", 1)[0] == name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_ever_published_is_read_by_the_code_of_today(path: Path) -> None:
    known = event_type(path.stem.rsplit(".", 1)[0])
    written = json.loads(path.read_text())
    event = known.from_body(written)
    assert isinstance(event, known.cls)
    again = known.to_body(event)
    assert {name: again[name] for name in written if name in again} == written, "nothing is dropped"


def test_no_frozen_example_was_changed_or_taken_away() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FILES}
    assert found == SUMS


@pytest.mark.parametrize("name", EVENTS)
def test_the_example_of_today_is_frozen_too(name: str) -> None:
    today = dict(event_type(name).example)
    frozen = [json.loads(path.read_text()) for path in frozen_of(name)]
    assert today in frozen, f"add it as tests/contracts/examples/{name}.{len(frozen) + 1}.json"
