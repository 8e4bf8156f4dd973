"""One cent broken in every kind of account, one at a time: the service's proofs must find each.

A database is changed behind the service's back, the proofs are asked, and it is put back. Four ways
to break a cent: a line alone; a whole entry, with the kept balances made to fit; a kept balance
alone; an entry posted a second time under another name. And once the processor's own balance.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import Int64
from crowdloom.kernel import Currency
from crowdloom.testkit.memory_documents import copied
from payment_service.domain.chart import is_debit_side, is_guarded
from payment_service.domain.entries import Entry, Line

from proofs.money.world import World

_CENT_UNITS = 100

Row = dict[str, Any]
Changed = list[tuple[Any, Any, Row | None]]


@dataclass
class Breaks:
    """What was broken so far: each kind once, in the first world that has it."""

    kinds: set[str] = field(default_factory=set)
    made: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        return self.made - len(self.missed)

    def try_kinds(self, world: World) -> None:
        """Break every kind that this world has and none before it had."""
        samples: dict[str, tuple[Row, int]] = {}
        for row in world.database["journal"].find():
            for place, line in enumerate(row["lines"]):
                samples.setdefault(_kind(line["a"]), (row, place))
        for kind, (row, place) in sorted(samples.items()):
            if kind not in self.kinds:
                self.kinds.add(kind)
                for name, spoil in _WAYS.items():
                    self._try(world, f"{kind}, {name}", list(spoil(world, row, place)))
        if "processor" not in self.kinds:
            self.kinds.add("processor")
            self._try_processor(world)

    def _try(self, world: World, name: str, changes: Changed) -> None:
        if not changes:
            return
        before = [(place, key, _as_it_is(place, key)) for place, key, _row in changes]
        for place, key, row in changes:
            place.restore(key, row)
        self._judge(name, world.findings())
        for place, key, row in before:
            place.restore(key, row)

    def _try_processor(self, world: World) -> None:
        if world.processor.balance_minor() == 0:
            self.kinds.discard("processor")
            return
        world.processor.shift_a_cent(1)
        self._judge("processor, its balance", world.findings())
        world.processor.shift_a_cent(-1)

    def _judge(self, name: str, findings: list[str]) -> None:
        self.made += 1
        if not findings:
            self.missed.append(name)


def _as_it_is(place: Any, key: Any) -> Row | None:
    found = place.find_one({"_id": key})
    return None if found is None else dict(found)


def _kind(path: str) -> str:
    """`liability:worker:payable`, `asset:stripe:pending`: a path without owners and currency."""
    parts = path.split(":")[:-1]
    if parts[0] != "liability":
        return ":".join(parts)
    if parts[1] == "tax":
        return ":".join(parts[:3])
    return ":".join((parts[0], parts[1], parts[3]) if len(parts) > 3 else parts[:2])  # noqa: PLR2004


def _line_alone(world: World, row: Row, place: int) -> Iterator[tuple[Any, Any, Row]]:
    spoilt = copied(row)
    _grow(spoilt["lines"][place])
    yield world.database["journal"], row["_id"], spoilt


def _whole_entry(world: World, row: Row, place: int) -> Iterator[tuple[Any, Any, Row]]:
    """Balanced, and the kept balances fit it: only its fingerprint tells."""
    spoilt = copied(row)
    line = spoilt["lines"][place]
    other = next(each for each in spoilt["lines"] if bool(each["dr"]) != bool(line["dr"]))
    for each in (line, other):
        _grow(each)
    spoilt["total"] = Int64(spoilt["total"] + _CENT_UNITS)
    yield world.database["journal"], row["_id"], spoilt
    yield from _kept(world, {each["a"]: _sign(each) * _CENT_UNITS for each in (line, other)})


def _kept_alone(world: World, row: Row, place: int) -> Iterator[tuple[Any, Any, Row]]:
    return _kept(world, {row["lines"][place]["a"]: _CENT_UNITS})


def _posted_again(world: World, row: Row, _place: int) -> Iterator[tuple[Any, Any, Row]]:
    """Under another name, with a fingerprint that is right: one cent of the same again."""
    lines = tuple(
        Line(each["a"], _CENT_UNITS * bool(each["dr"]), _CENT_UNITS * bool(each["cr"]))
        for each in _pair(row)
    )
    made = Entry(f"{row['key']}:again", row["code"], Currency.of(row["currency"]), lines)
    again = copied(row) | {
        "_id": f"{row['_id']}_again",
        "key": made.key,
        "fingerprint": made.fingerprint,
        "total": Int64(made.total),
        "lines": [{"a": n.account, "dr": Int64(n.debit), "cr": Int64(n.credit)} for n in lines],
    }
    yield world.database["journal"], again["_id"], again
    yield from _kept(world, {each["a"]: _sign(each) * _CENT_UNITS for each in again["lines"]})


def _pair(row: Row) -> list[Row]:
    debited = next(each for each in row["lines"] if each["dr"])
    credited = next(each for each in row["lines"] if each["cr"])
    return [debited, credited]


def _kept(world: World, units: Mapping[str, int]) -> Iterator[tuple[Any, Any, Row]]:
    accounts = world.database["accounts"]
    for path, change in units.items():
        kept = accounts.find_one({"_id": path}) if is_guarded(path) else None
        if kept is not None:
            yield accounts, path, {**kept, "posted": Int64(kept["posted"] + change)}


def _grow(line: Row) -> None:
    side = "dr" if line["dr"] else "cr"
    line[side] = Int64(line[side] + _CENT_UNITS)


def _sign(line: Row) -> int:
    """Whether the line makes its account's own balance more, or less."""
    return 1 if bool(line["dr"]) == is_debit_side(line["a"]) else -1


_WAYS: Mapping[str, Callable[[World, Row, int], Iterator[tuple[Any, Any, Row]]]] = {
    "a line alone": _line_alone,
    "a whole entry": _whole_entry,
    "a kept balance": _kept_alone,
    "an entry again": _posted_again,
}
