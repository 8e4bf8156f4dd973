"""A whole reconciliation of books of two sizes: how time grows with them, and that memory does not.

By the environment: ENGINE (secantusdb; secantusd-rs where it is found; none) and LINES
(100000,1000000: journal lines, two an entry). The journal is written as it stands after posting,
past the validator and with the indexes that a comparison reads by alone: the others cost an engine
ten times the writing. The processor's side is made up as it is asked for. With ENGINE=none the
journal's side is as well: then what is measured is our own part.
What is measured runs in a process of its own, so that its peak memory is the comparison's. A run
that does not find the books equal to the cent, or does not find a cent planted in them, is void.
Figures of an embedded engine are never MongoDB's. On a machine that others work on, `cpu_ratio`
says how our own part grows, and `whole_cpu_ratio` ours and the engine's together: the clock counts
the others too.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from bson import Int64
from crowdloom.kernel import Currency, Money, SystemClock
from crowdloom.kernel.clock import Clock
from crowdloom.testkit.memory_mongo import MemoryClient
from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL, JOURNAL_INDEXES
from payment_service.adapters.mongo_processor import STRIPE_LINES
from payment_service.adapters.mongo_reconciled import MongoReconciledBooks
from payment_service.adapters.sorted_rows import SortedRows
from payment_service.application.journal import AccountBalance
from payment_service.bootstrap import build
from payment_service.domain.processor_lines import BalanceTransaction, ProcessorBalance, Transfer
from payment_service.domain.reconciliation import Booked
from pymongo import MongoClient

from bench.claims_engine import started
from bench.ledger import VoidRun
from bench.payment_engine import CURRENCY, DATABASE
from proofs.money.world import settings_of

NO_ENGINE = "none"
_LINES_AN_ENTRY = 2
_WALLETS = 1_000
_INSERTED_TOGETHER = 5_000
_READ_BY = {"by_processor_line", "by_item", "by_bank_line"}
_TIMES_BAR, _MEMORY_BAR_MB = 12.0, 300.0
_UNIT_MINOR = 100
# Above this a second comparison says nothing new, and takes its time.
_ALSO_PLANTED_MAX = 100_000


def run() -> Mapping[str, object]:
    """Returns every figure. Raises VoidRun."""
    sizes = [int(each) for each in os.environ.get("LINES", "100000,1000000").split(",")]
    engine_name = os.environ.get("ENGINE", "secantusdb")
    figures: dict[str, object] = {"engine": engine_name, "lines": sizes}
    seconds: list[float] = []
    cpu_seconds: list[float] = []
    engine_cpu_seconds: list[float] = []
    peaks_mb: list[float] = []
    for size, measured in _each(engine_name, sizes):
        seconds.append(measured["seconds"])
        cpu_seconds.append(measured["cpu_seconds"])
        engine_cpu_seconds.append(measured.get("engine_cpu_seconds", 0.0))
        peaks_mb.append(measured["peak_mb"])
        print(
            f"{size:>9} lines compared in {seconds[-1]:.1f} s, {cpu_seconds[-1]:.1f} s of CPU, "
            f"peak {peaks_mb[-1]:.0f} MB",
            flush=True,
        )
    figures |= {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "engine_cpu_seconds": engine_cpu_seconds,
        "peak_mb": peaks_mb,
        "time_ratio": round(seconds[-1] / seconds[0], 1),
        "cpu_ratio": round(cpu_seconds[-1] / cpu_seconds[0], 1),
        "whole_cpu_ratio": round(
            (cpu_seconds[-1] + engine_cpu_seconds[-1]) / (cpu_seconds[0] + engine_cpu_seconds[0]), 1
        ),
        "size_ratio": round(sizes[-1] / sizes[0], 1),
        "time_ratio_bar": _TIMES_BAR,
        "peak_mb_bar": _MEMORY_BAR_MB,
    }
    for title, value in figures.items():
        print(f"{title:<28} {value}", flush=True)
    return figures


def _each(engine_name: str, sizes: Sequence[int]) -> Iterator[tuple[int, Mapping[str, float]]]:
    if engine_name == NO_ENGINE:
        for size in sizes:
            yield size, _measured(NO_ENGINE, "", size // _LINES_AN_ENTRY)
        return
    with started(engine_name) as engine, engine.client() as client:
        print(f"engine: {engine_name}, of its own speed; not MongoDB's", flush=True)
        for size in sizes:
            name = f"reconciled_{size}"
            began = time.perf_counter()
            _seed(client, name, size // _LINES_AN_ENTRY)
            print(f"{size:>9} lines written in {time.perf_counter() - began:.1f} s", flush=True)
            before = engine.cpu_seconds()
            measured = _measured(engine.uri, name, size // _LINES_AN_ENTRY)
            engine_seconds = (engine.cpu_seconds() - before) / measured["comparisons"]
            print(
                f"{'':>9} the engine's own: {engine_seconds:.1f} s of CPU, "
                f"peak so far {_peak_mb(engine.pid)} MB",
                flush=True,
            )
            yield size, {**measured, "engine_cpu_seconds": round(engine_seconds, 2)}
            client.drop_database(name)


def _peak_mb(pid: int) -> int:
    """An embedded engine may hold what MongoDB streams: told, and not held against a comparison."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(row.split()[1]) // 1024 for row in status if row.startswith("VmHWM"))


def _measured(uri: str, name: str, entries: int) -> Mapping[str, float]:
    command = [sys.executable, "-m", "bench.reconciliation", uri, name, str(entries)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise VoidRun(done.stderr[-2000:])
    measured: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _seed(client: "MongoClient[dict[str, Any]]", name: str, entries: int) -> None:
    """Top-ups, each with its line of the processor; every wallet's kept balance is their sum."""
    nobody: Any = _Processor(0)
    application = build(
        settings_of(CURRENCY, clearing_seconds=0),
        client=client,
        database=name,
        processor=nobody,
    )
    application.store.migrate_all()
    database = application.database
    # They are as posting wrote them: the validator has nothing to find, and would take its time.
    database.command("collMod", JOURNAL, validator={}, validationLevel="off")
    database[JOURNAL].drop_indexes()
    database[JOURNAL].create_indexes(
        [index for index in JOURNAL_INDEXES if index.document["name"] in _READ_BY]
    )
    now = SystemClock().now()
    for start in range(0, entries, _INSERTED_TOGETHER):
        numbers = range(start, min(start + _INSERTED_TOGETHER, entries))
        database[JOURNAL].insert_many([_entry(number, now) for number in numbers], ordered=False)
    database[ACCOUNTS].insert_many([_account(wallet, entries) for wallet in range(_WALLETS)])
    # So that the poll knows up to when it has read, and the comparison is what is measured.
    database[STRIPE_LINES].insert_one(
        {"_id": "txn_known", "created_at": now, "settled": True, "entry_key": None}
    )


def _entry(number: int, now: datetime) -> dict[str, Any]:
    units = Int64(_UNIT_MINOR * 100)
    wallet = f"liability:requester:req_{number % _WALLETS:04d}:wallet:{CURRENCY}"
    pending = f"asset:stripe:pending:{CURRENCY}"
    return {
        "_id": f"jrn_{number:026d}",
        "key": f"topup:{_line_id(number)}",
        "code": "topup",
        "currency": CURRENCY,
        "lines": [
            {"a": pending, "dr": units, "cr": Int64(0)},
            {"a": wallet, "dr": Int64(0), "cr": units},
        ],
        "total": units,
        "effective_on": now.date().isoformat(),
        "booked_at": now,
        "period": now.strftime("%Y-%m"),
        "cause": {"correlation_id": None, "causation_id": None, "actor": None},
        "refs": {"requester": wallet, "stripe_txn": _line_id(number), "stripe_source": "ch"},
        "fingerprint": "0" * 64,
        "reverses": None,
        "v": 1,
    }


def _account(wallet: int, entries: int) -> dict[str, Any]:
    count = len(range(wallet, entries, _WALLETS))
    owner = f"req_{wallet:04d}"
    return {
        "_id": f"liability:requester:{owner}:wallet:{CURRENCY}",
        "posted": Int64(count * _UNIT_MINOR * 100),
        "status": "open",
        "owner": owner,
        "kind": "wallet",
    }


def _line_id(number: int) -> str:
    """In another order than the journal's: a feed is not sorted by our keys."""
    return f"txn_{(number * 7_919) % 1_000_003:07d}_{number:07d}"


class _Processor:
    """The other side of as many top-ups, told one after another; `planted` cents too much."""

    def __init__(self, entries: int, *, planted: int = 0, clock: Clock | None = None) -> None:
        self._entries = entries
        self._planted = planted
        self._now = (clock or SystemClock()).now()

    def lines_since(self, moment: datetime | None) -> Iterator[BalanceTransaction]:
        if moment is not None:
            return
        currency = Currency.of(CURRENCY)
        for number in range(self._entries):
            more = self._planted if number == self._entries // 2 else 0
            amount = Money.of_minor(_UNIT_MINOR + more, currency)
            yield BalanceTransaction(
                transaction_id=_line_id(number),
                kind="charge",
                source_id=f"ch_{number}",
                gross=amount,
                fee=Money.zero(currency),
                net=amount,
                available=False,
                available_on=self._now,
                created_at=self._now,
            )

    def transfers(self, _run_id: str | None = None) -> Sequence[Transfer]:
        return []

    def balances(self) -> Mapping[str, ProcessorBalance]:
        total = Money.of_minor(self._entries * _UNIT_MINOR + self._planted, CURRENCY)
        return {CURRENCY: ProcessorBalance(Money.zero(total.currency), total)}


class _MadeUpBooks(MongoReconciledBooks):
    """The same journal without an engine, in the order in which one would give it."""

    def __init__(self, database: Any, entries: int) -> None:
        super().__init__(database)
        self._entries = entries
        self._currency = Currency.of(CURRENCY)

    def sums(self) -> Iterator[AccountBalance]:
        units = self._entries * _UNIT_MINOR * 100
        yield AccountBalance(f"asset:stripe:pending:{CURRENCY}", self._currency, units, 0)
        for path, amount in self.kept():
            yield AccountBalance(path, self._currency, 0, amount.units)

    def kept(self) -> Iterator[tuple[str, Money]]:
        for wallet in range(_WALLETS):
            account = _account(wallet, self._entries)
            yield account["_id"], Money(int(account["posted"]), self._currency)

    def booked(self) -> Iterator[Booked]:
        amount = Money.of_minor(_UNIT_MINOR, self._currency)
        rows = SortedRows((_line_id(number), []) for number in range(self._entries))
        for transaction_id, _ in rows:
            yield Booked(transaction_id, "topup", amount, Money.zero(self._currency))
        rows.close()


def _compare(uri: str, name: str, entries: int) -> Mapping[str, float]:
    """Equal books, measured; then the same with a cent too much, which must be found."""
    made: Any = MemoryClient() if uri == NO_ENGINE else MongoClient(uri, tz_aware=True)
    with closing(made) as client:

        def outcome(planted: int) -> Mapping[str, Any]:
            # Of the port it has what a comparison asks for.
            processor: Any = _Processor(entries, planted=planted)
            application = build(
                settings_of(CURRENCY, clearing_seconds=0),
                client=client,
                database=name or DATABASE,
                processor=processor,
            )
            if uri == NO_ENGINE:
                database: Any = application.database
                known = {"created_at": application.clock.now(), "settled": True}
                database[STRIPE_LINES].update_one({"_id": "txn_0"}, {"$set": known}, upsert=True)
                application.reconcile._books = _MadeUpBooks(database, entries)  # noqa: SLF001
            result: Mapping[str, Any] = application.reconcile._look()  # noqa: SLF001 - once
            return result

        began, worked = time.perf_counter(), time.process_time()
        equal = outcome(0)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if equal["status"] != "completed" or equal["differences"]:
            raise VoidRun(f"equal books differ: {equal}")
        if entries <= _ALSO_PLANTED_MAX:
            found = outcome(1)["differences"]
            if [each["kind"] for each in found] != ["amount_mismatch"]:
                raise VoidRun(f"a planted cent was not found: {found}")
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "peak_mb": round(peak_mb, 1),
        "comparisons": 2 if entries <= _ALSO_PLANTED_MAX else 1,
    }


if __name__ == "__main__":
    print(json.dumps(_compare(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
