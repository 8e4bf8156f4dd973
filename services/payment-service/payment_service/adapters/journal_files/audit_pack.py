"""The audit pack: journal, seals and proofs in one zip, with what is needed to check the chain."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from crowdloom.kernel import Currency

from payment_service.adapters.journal_files.pieces import csv_pieces, plain, read_back, spooled
from payment_service.adapters.journal_files.tables import write_jsonl
from payment_service.application.export_journal import Books, Period
from payment_service.application.seal_journal import SealedJournal, SealReport
from payment_service.domain.seals import canonical

_READ_ME = b"""Crowdloom audit pack

journal.jsonl        entries effective in the period, one a line, amounts in units of 10^-scale
trial-balance.csv    every account at the end of the period; debits equal credits per currency
seals.jsonl          the whole chain of seals: number, previous, hash, and the sealed content
seal-report.json     what the service's own check of the chain said, and the head of the chain
balance-proof.json   the newest comparison with the processor, null where there was none
manifest.json        SHA-256 of each file

To check the chain: for each line of seals.jsonl in order, `previous` is the hash of the line before
(64 zeros for the first), and `hash` is SHA-256 of previous, a line feed, and content (UTF-8).
"""


class AuditPack:
    """`verify` checks the chain; `proof` is the newest reconciliation, or None."""

    def __init__(
        self,
        sealed: SealedJournal,
        *,
        verify: Callable[[], SealReport],
        proof: Callable[[], Mapping[str, Any] | None],
    ) -> None:
        self._sealed = sealed
        self._verify = verify
        self._proof = proof

    def __call__(self, books: Books, period: Period) -> Iterator[bytes]:
        with spooled() as file:
            with ZipFile(file, "w", ZIP_DEFLATED) as pack:
                hashes = {
                    name: _add(pack, name, pieces) for name, pieces in self._files(books, period)
                }
                pack.writestr("manifest.json", _json(hashes))
            yield from read_back(file)

    def _files(self, books: Books, period: Period) -> Iterator[tuple[str, Iterable[bytes]]]:
        report = self._verify()
        yield "README.txt", [_READ_ME]
        yield "journal.jsonl", write_jsonl(books, period)
        yield "trial-balance.csv", _trial_balance(books, period)
        yield "seals.jsonl", self._seals()
        yield "seal-report.json", [_json({**asdict(report), "holds": report.holds})]
        yield "balance-proof.json", [_json(self._proof())]

    def _seals(self) -> Iterator[bytes]:
        for seal, content in self._sealed.sealed_entries():
            text = None if content is None else canonical(content)
            yield f"{json.dumps({**asdict(seal), 'content': text}, ensure_ascii=False)}\n".encode()


def _trial_balance(books: Books, period: Period) -> Iterator[bytes]:
    after = books.balances_before(period.day_after)
    rows = [_trial_row(path, units) for path, units in sorted(after.items())]
    return csv_pieces(("account", "currency", "debit", "credit"), rows)


def _trial_row(path: str, units: int) -> tuple[str, ...]:
    currency = Currency.of(path.rpartition(":")[2])
    amount = plain(abs(units), currency)
    debit, credit = (amount, "") if units >= 0 else ("", amount)
    return path, currency.code, debit, credit


def _add(pack: ZipFile, name: str, pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    with pack.open(name, "w", force_zip64=True) as member:
        for piece in pieces:
            digest.update(piece)
            member.write(piece)
    return digest.hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True, default=str).encode()
