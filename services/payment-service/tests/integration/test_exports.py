"""The journal as files: exact, balanced, and taken by what they are for."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from crowdloom.kernel import Currency
from crowdloom.kernel.ids import WorkerId
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from payment_service.adapters.journal_files.beancount import write_beancount
from payment_service.adapters.journal_files.packages import XERO_LINES_MAX, write_xero
from payment_service.adapters.journal_files.taxes import TaxTotals
from payment_service.application.export_journal import Period
from payment_service.application.journal import JournalEntry, JournalLine
from payment_service.domain import control_accounts

BEAN_CHECK = Path(sys.executable).parent / "bean-check"
ALWAYS = {"since": "2020-01-01", "until": "2030-12-31"}


class Samples:
    """Entries in memory, as the books give them."""

    def __init__(self, *entries: JournalEntry) -> None:
        self.entries = entries

    def between(self, since: date, until: date) -> Iterator[JournalEntry]:
        days = (since.isoformat(), until.isoformat())
        return (entry for entry in self.entries if days[0] <= entry.effective_on <= days[1])

    def balances_before(self, day: date) -> Mapping[str, int]:
        sums: Counter[str] = Counter()
        for entry in self.entries:
            if entry.effective_on < day.isoformat():
                for line in entry.lines:
                    sums[line.account] += line.debit - line.credit
        return sums


def sample(number: int, code: str, day: str, units: int) -> JournalEntry:
    return JournalEntry(
        entry_id=f"ent_{number}",
        key=f'key "{number}"',
        code="accept",
        currency=Currency.of(code),
        lines=(
            JournalLine(f"liability:requester:req_1:escrow:bat_1:0:{code}", units, 0),
            JournalLine(f"liability:worker:wrk_1:clearing:{code}", 0, units - units // 5 - 3),
            JournalLine(f"income:fee:platform:{code}", 0, units // 5),
            JournalLine(f"liability:tax:vat:DE:{code}", 0, 1),
            JournalLine(f"liability:tax:withheld:US:{code}", 0, 1),
            JournalLine(f"income:fee:payout:{code}", 0, 1),
        ),
        total=units,
        effective_on=day,
        booked_at=datetime(2026, 11, 1, tzinfo=UTC),
        cause={"kind": "event", "id": "evt_1"},
        refs={"batch": "bat_1"},
        fingerprint="f",
    )


@pytest.fixture
def auditor(market: Any, calling: Callable[..., Any]) -> Any:
    """An auditor, over books in which money was paid in, earned and paid out."""
    market.earn("wrk_1", 7)
    market.ask(calling("worker", "wrk_1"))
    market.pay_out()
    return calling("staff", "stf_auditor", "auditor")


def file(caller: Any, name: str) -> bytes:
    answer = caller.get(f"/exports/{name}", **ALWAYS)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return bytes(answer.get_data())


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def check_beans(content: bytes, folder: Path) -> None:
    path = folder / "books.beancount"
    path.write_bytes(content)
    done = subprocess.run([BEAN_CHECK, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tables_and_json_lines_hold_every_line_exactly(market: Any, auditor: Any) -> None:
    rows = table(file(auditor, "csv"))
    entries = [json.loads(line) for line in file(auditor, "jsonl").splitlines()]
    assert len(entries) == market.application.journal.count()
    assert len(rows) == sum(len(entry["lines"]) for entry in entries)
    sheet = load_workbook(io.BytesIO(file(auditor, "xlsx"))).active
    assert sheet.max_row == len(rows) + 1
    assert sum(row[6].value - row[7].value for row in sheet.iter_rows(min_row=2)) == pytest.approx(
        0
    )


def test_bean_check_finds_no_fault_in_the_whole_journal(auditor: Any, tmp_path: Path) -> None:
    content = file(auditor, "beancount")
    assert content.count(b" * ") > 5
    check_beans(content, tmp_path)


def test_bean_check_takes_currencies_with_and_without_decimals(tmp_path: Path) -> None:
    books = Samples(
        *(
            sample(place, code, f"2026-{month}-05", 12_345 + place)
            for place, (code, month) in enumerate(
                [("USD", 10), ("JPY", 10), ("KWD", 10), ("USD", 11), ("JPY", 11), ("EUR", 11)]
            )
        )
    )
    alike = ("asset:bank:a_b:USD", "asset:bank:a-b:USD", "asset:bank:a--b:USD")
    between = JournalLine(alike[0], 5, 0), JournalLine(alike[1], 0, 3), JournalLine(alike[2], 0, 2)
    books.entries += (replace(sample(9, "USD", "2026-11-07", 5), lines=between),)
    november = Period(date(2026, 11, 1), date(2026, 11, 30))
    content = b"".join(write_beancount(books, november))
    assert content.count(b"opening") == 3
    assert len(set(re.findall(rb"open (Assets:Bank:\S+)", content))) == len(alike)
    check_beans(content, tmp_path)


def test_a_day_for_quickbooks_balances_and_names_nobody(auditor: Any) -> None:
    sides: Counter[str] = Counter()
    rows = table(file(auditor, "quickbooks"))
    for row in rows:
        for side in ("Debits", "Credits"):
            sides[side] += int(row[side].replace(".", "") or 0)
    assert sides["Debits"] == sides["Credits"] > 0
    assert not any("_" in row["Account"] for row in rows)


def test_xero_gets_at_most_three_hundred_lines_a_file_and_no_journal_in_two() -> None:
    books = Samples(
        *(
            sample(day, "USD", date.fromordinal(739_900 + day).isoformat(), 625)
            for day in range(200)
        )
    )
    period = Period(date(2020, 1, 1), date(2040, 1, 1))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(write_xero(books, period))))
    assert len(archive.namelist()) > 1
    for name in archive.namelist():
        content = archive.read(name)
        assert content.count(b"\n") <= XERO_LINES_MAX
        assert sum(int(row["*Amount"].lstrip("'").replace(".", "")) for row in table(content)) == 0


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 10**6)), max_size=30))
def test_roundings_never_add_up(moves: list[tuple[int, int]]) -> None:
    books = Samples(
        *(
            sample(n, "USD", f"2026-11-0{day}", units)
            for n, (day, units) in enumerate(sorted(moves))
        )
    )
    movements = (
        control_accounts.Movement(e.effective_on, x.account, e.currency, x.debit - x.credit)
        for e in books.entries
        for x in e.lines
    )
    told: Counter[str] = Counter()
    for journal in control_accounts.days({}, movements):
        assert sum(journal.lines.values()) == 0
        told.update(journal.lines)
    for path, units in books.balances_before(date(2027, 1, 1)).items():
        assert abs(told[control_accounts.control_of(path)] * 100 - units) < 100


def test_an_auditor_can_check_the_chain_with_nothing_but_the_pack(
    market: Any, auditor: Any, clock: Any
) -> None:
    market.reconcile()
    clock.advance(seconds=61)
    market.application.seal_journal()
    pack = zipfile.ZipFile(io.BytesIO(file(auditor, "audit-pack")))
    head = "0" * 64
    for line in pack.read("seals.jsonl").decode().splitlines():
        seal = json.loads(line)
        assert seal["previous"] == head
        head = hashlib.sha256(f"{head}\n{seal['content']}".encode()).hexdigest()
        assert seal["hash"] == head
    report = json.loads(pack.read("seal-report.json"))
    assert (report["head"], report["holds"]) == (head, True)
    assert json.loads(pack.read("balance-proof.json"))["unreconciled_minor"] == 0
    for name, digest in json.loads(pack.read("manifest.json")).items():
        assert hashlib.sha256(pack.read(name)).hexdigest() == digest


def test_tax_totals_are_what_each_worker_was_paid_by_quarter_and_say_who_has_to_be_told(
    auditor: Any,
) -> None:
    (row,) = table(file(auditor, "tax-totals"))
    paid = (row["worker"], row["gross"], row["fee"], row["currency"], row["country"])
    assert paid == ("wrk_1", "0.35", "0.00", "USD", "US")
    assert row["year_to_be_told"] == "no"

    def entry(number: int, code: str, day: str, minor: int) -> JournalEntry:
        made = sample(number, "USD", day, minor * 100)
        refs = {"worker": "wrk_1", "item": "pay_1"}
        return replace(made, code=code, refs=refs)

    entries = (
        entry(1, "payout_post", "2025-02-01", 60_000),
        entry(2, "payout_post", "2026-03-31", 150_000),
        entry(3, "payout_post", "2026-04-01", 60_000),
        entry(4, "payout_return", "2026-04-03", 20_000),
        entry(5, "payout_reserve", "2026-04-03", 20_000),
    )
    write = TaxTotals(lambda _workers: {WorkerId("wrk_1"): "US"})
    content = b"".join(write(Samples(*entries), Period(date(2025, 1, 1), date(2026, 12, 31))))
    told = [(n["year"], n["quarter"], n["gross"], n["year_to_be_told"]) for n in table(content)]
    assert told == [
        ("2025", "Q1", "600.00", "yes"),
        ("2026", "Q1", "1500.00", "no"),
        ("2026", "Q2", "400.00", "no"),
    ], "from 2026 on it is two thousand dollars"


def test_bad_days_and_formats_are_refused_and_an_export_is_noted(market: Any, auditor: Any) -> None:
    backwards = auditor.get("/exports/csv", since="2026-12-01", until="2026-11-01")
    assert (backwards.status_code, backwards.json["code"]) == (422, "invalid_input")
    assert auditor.get("/exports/papyrus", **ALWAYS).status_code == 404
    assert auditor.get("/exports/csv").status_code == 422
    file(auditor, "jsonl")
    log = market.application.database["audit_log"]
    assert log.count_documents({"what": "journal.export", "who": "stf_auditor"}) == 1


def test_the_page_offers_each_format(auditor: Any, browsing: Any) -> None:
    browser = browsing("staff", "stf_auditor", "auditor")
    page = browser.get("/finance/ledger/exports").text
    for name in auditor.get("/exports").json["items"]:
        assert f'value="{name}"' in page
    wanted = "/finance/ledger/exports/file?format=csv"
    assert browser.get(f"{wanted}&since=2026-11-01&until=2030-01-01").mimetype == "text/csv"
    assert browser.get(f"{wanted}&since=2026-11-01&until=x").status_code == 422
    assert browser.get(f"{wanted}&since=2026-11-02&until=2026-11-01").status_code == 422
