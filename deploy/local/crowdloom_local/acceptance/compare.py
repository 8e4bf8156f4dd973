"""Whether what came back is what went in, and what a worker once answered."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Pairs = list[tuple[str, str]]

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# Names the post in Mechanical Turk's protocol and is no part of an answer.
_NO_ANSWER = "assignmentId"


@dataclass
class Verdict:
    """One answer judged; `faults` say why it is not exact, `notes` what else is worth a look.

    `refused_alike`: the page's own check refused the recorded answer here and on the plain page, in
    the same words, and neither posted anything. That is exact behaviour, and counted as such.
    """

    as_recorded: bool = False
    refused_alike: bool = False
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        return not self.faults


def without_protocol(posted: Iterable[tuple[str, str]]) -> Pairs:
    return [(name, value) for name, value in posted if name != _NO_ANSWER]


def input_faults(sent: Mapping[str, str], returned: Mapping[str, str]) -> list[str]:
    """Cells that did not come back byte for byte."""
    wrong = [name for name, value in sent.items() if returned.get(name) != value]
    extra = returned.keys() - sent.keys()
    return [f"input {name} changed" for name in wrong] + [f"input {name} is new" for name in extra]


def answer_faults(ours: Pairs, native: Pairs) -> list[str]:
    """Where the answer differs from the native post: names, values, repetitions, order."""
    if ours == native:
        return []
    faults = []
    names = dict.fromkeys(name for name, _ in [*ours, *native])
    for name in names:
        mine, theirs = _values(ours, name), _values(native, name)
        if mine != theirs:
            faults.append(f"{name}: {mine!r} here, {theirs!r} natively")
    return faults or ["the order of the fields differs"]


def is_as_recorded(answer: Pairs, recorded: Mapping[str, str]) -> bool:
    """Whether the fields that the recording has say the same, after normalising."""
    return all(
        _plain("|".join(_values(answer, name) or _chosen(answer, name))) == _plain(value)
        for name, value in recorded.items()
    )


def _chosen(pairs: Pairs, name: str) -> list[str]:
    """Some recordings also have a column that joins what a crowd-form tells choice by choice."""
    dotted = f"{name}."
    return [
        one.removeprefix(dotted)
        for one, value in pairs
        if one.startswith(dotted) and value == "true"
    ]


def _values(pairs: Pairs, name: str) -> list[str]:
    return [value for one, value in pairs if one == name]


def _plain(text: str) -> str:
    """The recordings went through a table reader: True for true, 2.0 for 2, other line ends."""
    value = " ".join(text.split()).lower()
    if value == "on":
        return "true"
    return f"{float(value):g}" if _NUMBER.fullmatch(value) else value
