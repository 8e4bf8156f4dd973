"""A stored reconciliation, read as a proof: ledger, plus what explains, against the processor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdloom.kernel import Money

# What a line of these kinds is about moves the processor's balance and not ours, or the reverse.
EXPLAINING_KINDS = frozenset({"missing_in_ledger", "missing_at_processor", "amount_mismatch"})
_KINDS_OF_A_LINE = EXPLAINING_KINDS - {"missing_at_processor"} | {
    "fee_variance",
    "currency_mismatch",
    "unidentified_line",
}


@dataclass(frozen=True)
class Proof:
    """One currency. `explained` and `unexplained` are None where not all differences were kept."""

    currency: str
    ledger: Money
    explained: Money | None
    processor: Money
    unexplained: Money | None

    @property
    def difference(self) -> Money:
        return self.processor - self.ledger


def proofs(result: Mapping[str, Any]) -> Sequence[Proof]:
    """None for a reconciliation that did not end: nothing was compared."""
    if result["status"] != "completed":
        return []
    ours = {amount.currency.code: amount for amount in map(Money.from_wire, result["journal"])}
    theirs = {amount.currency.code: amount for amount in map(Money.from_wire, result["processor"])}
    return [
        _proof(result, ours.get(code), theirs.get(code)) for code in sorted(set(ours) | set(theirs))
    ]


def is_whole(result: Mapping[str, Any]) -> bool:
    """Whether every difference that was found is kept."""
    return bool(result.get("all_kept")) or int(result.get("differences_count", 0)) == len(
        result["differences"]
    )


def matched_count(result: Mapping[str, Any]) -> int | None:
    """Processor lines without any difference; None where nothing was compared, or not all kept."""
    if result["status"] != "completed" or not is_whole(result):
        return None
    if "lines_apart" in result:
        return int(result["lines_count"]) - int(result["lines_apart"])
    apart = {
        found["subject"]
        for found in result["differences"]
        if is_of_a_line(found["kind"], found["subject"])
    }
    return int(result["lines_count"]) - len(apart)


def books_agree(result: Mapping[str, Any]) -> bool | None:
    """None where nothing was compared. Empty is not zero."""
    if result["status"] != "completed" or result.get("unreconciled_minor") is None:
        return None
    return int(result["unreconciled_minor"]) == 0 and not result["differences_count"]


def explains(kind: str, subject: str) -> bool:
    """Whether it says something of the difference between the processor's balance and ours."""
    return kind in EXPLAINING_KINDS and not _is_banks(subject)


def is_of_a_line(kind: str, subject: str) -> bool:
    """Whether it is about a line of the processor."""
    return kind in _KINDS_OF_A_LINE and not _is_banks(subject)


def _is_banks(subject: str) -> bool:
    """Lines of banks have proofs of their own, one an account."""
    return subject.startswith("bln_")


def _proof(result: Mapping[str, Any], ours: Money | None, theirs: Money | None) -> Proof:
    known = ours if ours is not None else theirs
    if known is None:
        raise ValueError("a currency that neither side holds")
    zero = Money.zero(known.currency)
    ledger, processor = ours or zero, theirs or zero
    explained = _explained(result, zero) if is_whole(result) else None
    unexplained = None if explained is None else processor - ledger - explained
    return Proof(known.currency.code, ledger, explained, processor, unexplained)


def _explained(result: Mapping[str, Any], zero: Money) -> Money:
    # Results from before all were kept have no sums.
    wires = result.get("explained") or [
        found["amount"]
        for found in result["differences"]
        if explains(found["kind"], found["subject"])
    ]
    moving = map(Money.from_wire, wires)
    return sum((found for found in moving if found.currency is zero.currency), zero)
