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
    """Whether every difference that was found is in the document."""
    return int(result.get("differences_count", 0)) == len(result["differences"])


def matched_count(result: Mapping[str, Any]) -> int | None:
    """Processor lines without any difference; None where nothing was compared, or not all kept."""
    if result["status"] != "completed" or not is_whole(result):
        return None
    apart = {
        found["subject"]
        for found in result["differences"]
        if found["kind"] in _KINDS_OF_A_LINE and not _is_banks(found)
    }
    return int(result["lines_count"]) - len(apart)


def books_agree(result: Mapping[str, Any]) -> bool | None:
    """None where nothing was compared. Empty is not zero."""
    if result["status"] != "completed" or result.get("unreconciled_minor") is None:
        return None
    return int(result["unreconciled_minor"]) == 0 and not result["differences_count"]


def _is_banks(found: Mapping[str, Any]) -> bool:
    """Lines of banks have proofs of their own, one an account."""
    return str(found["subject"]).startswith("bln_")


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
    moving = [
        Money.from_wire(found["amount"])
        for found in result["differences"]
        if found["kind"] in EXPLAINING_KINDS and not _is_banks(found)
    ]
    return sum((found for found in moving if found.currency is zero.currency), zero)
