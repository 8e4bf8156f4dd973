"""The processor's side of a comparison, read once and kept in the order of each key."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crowdloom.kernel import Currency, Money

from payment_service.application.processor import PaymentProcessor
from payment_service.application.reconcile_ports import Ordered, Row, Sorting
from payment_service.domain.processor_lines import BalanceTransaction, Transfer
from payment_service.domain.reconciliation import item_of, payee_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class ProcessorSide:
    """Counts while it reads: an empty feed is known as such."""

    lines: Ordered
    sources: Ordered
    by_item: Ordered
    by_payee: Ordered
    by_transfer: Ordered
    lines_count: int
    transfers_count: int
    transfers_minor: int


@dataclass
class _Tally:
    lines: int = 0
    transfers: int = 0
    minor: int = 0


@contextmanager
def processor_side(processor: PaymentProcessor, sorting: Sorting) -> Iterator[ProcessorSide]:
    """Raises ProcessorUnavailable. What was kept is given up at the end."""
    tally = _Tally()
    with ExitStack() as stack:

        def kept(rows: Iterable[Row]) -> Ordered:
            ordered = sorting(rows)
            stack.callback(ordered.close)
            return ordered

        lines = kept(_counted_lines(processor.lines_since(None), tally))
        sources = kept((row[1], []) for _, row in lines)
        by_item = kept(_counted_transfers(processor.transfers(), tally))
        by_payee = kept((payee_of(each), _of_transfer(each)) for each in transfers(by_item))
        by_transfer = kept((each.transfer_id, _of_transfer(each)) for each in transfers(by_item))
        yield ProcessorSide(
            lines=lines,
            sources=sources,
            by_item=by_item,
            by_payee=by_payee,
            by_transfer=by_transfer,
            lines_count=tally.lines,
            transfers_count=tally.transfers,
            transfers_minor=tally.minor,
        )


def lines(ordered: Ordered) -> Iterator[BalanceTransaction]:
    """By transaction; one that the processor told twice is one."""
    last = None
    for transaction_id, (kind, source_id, gross, fee, net, code) in ordered:
        if transaction_id != last:
            currency = Currency.of(code)
            yield BalanceTransaction(
                transaction_id=transaction_id,
                kind=kind,
                source_id=source_id,
                gross=Money(gross, currency),
                fee=Money(fee, currency),
                net=Money(net, currency),
                # What is compared has no time: only amounts.
                available=True,
                available_on=_EPOCH,
                created_at=_EPOCH,
            )
        last = transaction_id


def keys(ordered: Ordered) -> Iterator[str]:
    """Each key once."""
    last = None
    for key, _ in ordered:
        if key != last:
            yield key
        last = key


def transfers(ordered: Ordered) -> Iterator[Transfer]:
    for _, (transfer_id, units, code, destination, group, item) in ordered:
        yield Transfer(
            transfer_id=transfer_id,
            amount=Money(units, Currency.of(code)),
            destination=destination,
            group=group,
            metadata={} if item is None else {"payout_item": item},
        )


def _counted_lines(found: Iterable[BalanceTransaction], tally: _Tally) -> Iterator[Row]:
    for line in found:
        tally.lines += 1
        amounts = [line.gross.units, line.fee.units, line.net.units]
        yield line.transaction_id, [line.kind, line.source_id, *amounts, line.currency.code]


def _counted_transfers(found: Iterable[Transfer], tally: _Tally) -> Iterator[Row]:
    for transfer in found:
        tally.transfers += 1
        tally.minor += transfer.amount.minor
        yield item_of(transfer), _of_transfer(transfer)


def _of_transfer(transfer: Transfer) -> list[Any]:
    amount = transfer.amount
    return [
        transfer.transfer_id,
        amount.units,
        amount.currency.code,
        transfer.destination,
        transfer.group,
        transfer.metadata.get("payout_item"),
    ]
