"""Bank statements as banks send them, read exactly; and each way in which a file can be wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from crowdloom.kernel import Currency, DomainError, Money
from payment_service.adapters.bank_statements import FileFormats
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import (
    STATEMENT_BYTES_MAX,
    BankAccount,
    BankStatement,
    CsvMapping,
    LastStatement,
    OtherAccount,
    StatementDoesNotAddUp,
    StatementMissing,
    UnreadableStatement,
    named_ids,
    read_amount,
)

FILES = Path(__file__).parent / "statements"
EURO = BankAccount("main", "Main", "DE89370400440532013000", Currency.EUR)
DOLLAR = replace(EURO, number="0532013000", currency=Currency.USD)
GERMAN = replace(
    EURO,
    mapping=CsvMapping(
        date="Buchungstag",
        date_format="%d.%m.%Y",
        amount="Betrag",
        balance="Saldo",
        text="Verwendungszweck",
        counterparty="Auftraggeber/Empfänger",
        decimal=",",
        delimiter=";",
        encoding="cp1252",
        newest_first=True,
        skipped_lines=1,
    ),
)
AMERICAN = replace(
    DOLLAR,
    mapping=CsvMapping(
        date="Date",
        date_format="%m/%d/%Y",
        money_in="Credit",
        money_out="Debit",
        text="Description",
    ),
)
# File -> (account, signed amounts in minor units, closing in minor units).
GOLDEN: dict[str, tuple[BankAccount, list[int], int]] = {
    "camt053.xml": (EURO, [-1250, -950, 20_000, -20], 117_780),
    "mt940.sta": (EURO, [-1250, 20_000, -970], 117_780),
    "sgml.ofx": (DOLLAR, [-2220, 20_000], 117_780),
    "german.csv": (GERMAN, [-970, 120_000, -1250], 117_780),
    "american.csv": (AMERICAN, [-2220, 120_000], 117_780),
}
PAYOUT = "pay_0000000000000000000000000a"


def read(content: bytes, account: BankAccount, **more: str) -> list[BankStatement]:
    return list(FileFormats()(StatementFile("file", content, **more), account))


def golden(name: str) -> tuple[bytes, BankAccount, dict[str, str]]:
    account = GOLDEN[name][0]
    typed = {"opening": "0.00", "closing": "1,177.80"} if name == "american.csv" else {}
    return (FILES / name).read_bytes(), account, typed


@pytest.mark.parametrize("name", GOLDEN)
def test_each_format_is_known_by_its_content_and_read_to_the_cent(name: str) -> None:
    content, account, typed = golden(name)
    (statement,) = read(content, account, **typed)
    _, amounts, closing = GOLDEN[name]
    assert [line.amount.minor for line in statement.lines] == amounts
    assert statement.closing == Money.of_minor(closing, account.currency)
    assert statement.closed_on == date(2026, 11, 3)
    statement.check(account, None)
    shifted = replace(statement, closing=statement.closing + Money(1, account.currency))
    with pytest.raises(StatementDoesNotAddUp):
        shifted.check(account, None)


@pytest.mark.parametrize("name", ["camt053.xml", "mt940.sta", "german.csv"])
def test_our_payout_line_is_known_again_whatever_the_bank_made_of_its_id(name: str) -> None:
    content, account, typed = golden(name)
    (statement,) = read(content, account, **typed)
    found = [named_ids(line, "pay") for line in statement.lines]
    assert [PAYOUT] in found
    if name == "camt053.xml":  # the second has its id in free text, with blanks and a hyphen
        assert found[1] == ["pay_0000000000000000000000000b"]
        assert statement.lines[0].counterparty == "Ada Müller"
        assert statement.lines[0].place == 10


def test_a_batch_whose_parts_do_not_sum_to_it_stays_one_line() -> None:
    content, account, _ = golden("camt053.xml")
    (statement,) = read(content.replace(b">9.50<", b">9.40<"), account)
    assert [line.amount.minor for line in statement.lines] == [-2200, 20_000, -20]
    assert named_ids(statement.lines[0], "pay")[0] == PAYOUT


def test_a_statement_of_another_account_or_without_the_one_before_is_refused() -> None:
    content, account, _ = golden("camt053.xml")
    (statement,) = read(content, account)
    with pytest.raises(OtherAccount):
        statement.check(replace(account, number="DE02120300000000202051"), None)
    before = LastStatement("bst_1", "STMT-209", Money.of_minor(99_999, "EUR"), "2026-11-01")
    with pytest.raises(StatementMissing) as refusal:
        statement.check(account, before)
    assert refusal.value.facts["last_reference"] == "STMT-209"
    statement.check(account, replace(before, closing=statement.opening))
    (undated,) = read(
        content.replace(b"2026-11-03</Dt></BookgDt>", b"0001-01-01</Dt></BookgDt>"), account
    )
    with pytest.raises(UnreadableStatement, match="date"):
        undated.check(account, None)


DTD = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
BROKEN: list[tuple[str, Any, str, int | None]] = [
    ("camt053.xml", lambda c: c.replace(b"<Document", DTD + b"<Document", 1), "dtd", None),
    ("camt053.xml", lambda c: c[: len(c) // 2], "syntax", 15),
    ("camt053.xml", lambda c: c.replace(b"UTF-8", b"EBCDIC-9"), "encoding", None),
    ("camt053.xml", lambda c: c.replace(b"M\xc3\xbcller", b"M\xfcller"), "syntax", 15),
    ("camt053.xml", lambda c: c.replace(b"CLBD", b"CLAV"), "closing", 5),
    ("camt053.xml", lambda c: c.replace(b">200<", b">2oo<"), "amount", 20),
    ("camt053.xml", lambda c: c.replace(b">200<", b">200.001<"), "too_fine", 20),
    ("camt053.xml", lambda c: c.replace(b'"EUR">200', b'"USD">200'), "currency", 20),
    ("camt053.xml", lambda c: b"<a/>", "empty", None),
    ("mt940.sta", lambda c: c[: c.index(b":62F:")], "closing", None),
    ("mt940.sta", lambda c: c.replace(b"D12,50", b"D1x,50"), "entry", 5),
    ("mt940.sta", lambda c: c.decode().encode("utf-16"), "encoding", 1),
    ("sgml.ofx", lambda c: c.replace(b"<OFX>", DTD + b"<OFX>"), "dtd", 11),
    ("sgml.ofx", lambda c: c[: len(c) // 2], "syntax", None),
    ("sgml.ofx", lambda c: c.replace(b"<CURDEF>USD", b"<CURDEF>EUR"), "currency", None),
    ("german.csv", lambda c: c.replace(b"Betrag", b"Summe"), "columns", 2),
    ("german.csv", lambda c: c.replace(b"Saldo", b"Betrag;Saldo"), "column_twice", 2),
    ("german.csv", lambda c: c.replace(b";1.200,00", b";;1.200,00"), "cells", 4),
    ("german.csv", lambda c: c.replace(b"-12,50", b"-12.50"), "amount", 3),
    ("german.csv", lambda c: b"PK\x03\x04" + c, "format", None),
    ("german.csv", lambda c: b"\r\n", "empty", None),
    ("german.csv", lambda c: c.replace(b";1.190,30", b""), "syntax", 4),
    ("german.csv", lambda c: c.replace(b"1.190,30", b"1.190,31"), "balance", 4),
    ("german.csv", lambda c: c.replace(b"02.11.2026", b"2026-11-02"), "date", 5),
    ("american.csv", lambda c: c.replace(b"22.20,", b"22.20,1"), "entry", 2),
    ("american.csv", lambda c: c.replace(b'"Fee,', b'Fee",'), "amount", 2),
    ("american.csv", lambda c: b"x" * (STATEMENT_BYTES_MAX + 1), "too_large", None),
]


@pytest.mark.parametrize(("name", "change", "reason", "line"), BROKEN)
def test_a_broken_file_is_refused_with_the_reason_and_its_line(
    name: str, change: Any, reason: str, line: int | None
) -> None:
    content, account, typed = golden(name)
    with pytest.raises(UnreadableStatement) as refusal:
        read(change(content), account, **typed)
    assert (refusal.value.facts["reason"], refusal.value.facts["line"]) == (reason, line)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_file_cut_off_anywhere_is_refused_or_does_not_add_up(name: str) -> None:
    content, account, typed = golden(name)
    whole = read(content, account, **typed)
    for end in range(0, len(content.rstrip()) - 1, 37):
        try:
            found = read(content[:end], account, **typed)
            for statement in found:
                statement.check(account, None)
        except DomainError:
            continue
        assert found == whole or name == "german.csv", (end, found)


@pytest.mark.parametrize("moment", [b"20261101000000[+1:CET]", b"20261101233000.000[-5:EST]"])
def test_a_day_of_an_ofx_is_the_one_that_the_bank_wrote_wherever_it_is(moment: bytes) -> None:
    content, account, _ = golden("sgml.ofx")
    content = content.replace(b"<DTPOSTED>20261102120000", b"<DTPOSTED>" + moment)
    (statement,) = read(content.replace(b"<DTASOF>20261103", b"<DTASOF>" + moment), account)
    assert statement.lines[0].booked_on == date(2026, 11, 1) == statement.closed_on


def test_what_a_payer_abroad_sent_in_its_own_currency_is_a_line_of_what_arrived() -> None:
    content, account, _ = golden("camt053.xml")
    abroad = b'<AmtDtls><TxAmt><Amt Ccy="USD">231.10</Amt></TxAmt></AmtDtls><RmtInf><Strd>'
    (statement,) = read(content.replace(b"<RmtInf><Strd>", abroad), account)
    assert [line.amount.minor for line in statement.lines] == GOLDEN["camt053.xml"][1]


@pytest.mark.parametrize("name", ["camt053.xml", "mt940.sta", "sgml.ofx"])
def test_of_a_file_with_several_accounts_those_of_others_are_left_alone(name: str) -> None:
    content, account, _ = golden(name)
    own, other = account.currency.code.encode(), b"CHF"
    digits = {"mt940.sta": b"37040044/0532013000"}.get(name, account.number.encode())
    begin, end = {
        "camt053.xml": (b"<Stmt>", b"</Stmt>"),
        "mt940.sta": (b":20:", b"-\n"),
        "sgml.ofx": (b"<STMTTRNRS>", b"</STMTTRNRS>"),
    }[name]
    first, last = content.index(begin), content.rindex(end) + len(end)
    ours = content[first:last]
    theirs = ours.replace(digits, b"NL91ABNA0417164300").replace(own, other)
    assert theirs != ours
    both = content[:first] + theirs + ours + content[last:]
    (statement,) = read(both, account)
    assert statement.lines[0].place is not None
    assert statement.closing == read(content, account)[0].closing
    assert statement.lines[0].place - read(content, account)[0].lines[0].place == theirs.count(
        b"\n"
    )
    with pytest.raises(OtherAccount):
        read(content.replace(digits, b"NL91ABNA0417164300"), account)[0].check(account, None)


def test_balances_are_typed_as_the_bank_writes_them_or_as_we_do() -> None:
    content, account, _ = golden("german.csv")
    assert account.mapping
    bare = replace(account, mapping=replace(account.mapping, balance=""))
    for typed in ("1.177,80", "1177,80", "1,177.80", "1177.80"):
        assert read(content, bare, opening="0", closing=typed)[0].closing.minor == 117_780


PERSIAN = str.maketrans("0123456789.,", "۰۱۲۳۴۵۶۷۸۹٬٫")
AS_BANKS_SAVE_IT: dict[str, Callable[[str], str]] = {
    "the spreadsheet's line of its delimiter": lambda text: f"sep=;\r\n{text}",
    "that line instead of the bank's own": lambda text: '"sep=;"\n' + text.partition("\n")[2],
    "a delimiter after the last name": lambda text: text.replace("Saldo", "Saldo;"),
    "columns of nothing": lambda text: text.replace("Saldo", "Saldo;Notiz"),
    "Persian digits": lambda text: "".join(
        line
        if number < 2
        else ";".join(
            cell.translate(PERSIAN) if place > 2 else cell
            for place, cell in enumerate(line.split(";"))
        )
        for number, line in enumerate(text.splitlines(keepends=True))
    ),
    "a sign of typesetters and marks of direction": lambda text: text.replace(
        ";-", ";\u200e\u2212"
    ),
}


@pytest.mark.parametrize("change", AS_BANKS_SAVE_IT.values(), ids=AS_BANKS_SAVE_IT)
def test_a_csv_is_read_the_same_however_its_bank_or_a_spreadsheet_saved_it(change: Any) -> None:
    content, account, _ = golden("german.csv")
    assert account.mapping
    unicode = replace(account, mapping=replace(account.mapping, encoding="utf-8"))
    text = content.decode("cp1252")
    (same,) = read(change(text).encode(), unicode)
    assert replace(same, lines=()) == replace(read(text.encode(), unicode)[0], lines=())
    assert [line.amount.minor for line in same.lines] == GOLDEN["german.csv"][1]


def test_of_a_short_line_only_what_may_be_empty_is_taken_as_empty() -> None:
    content, account, typed = golden("american.csv")
    trimmed = content.replace(b"22.20,", b"22.20")
    assert read(trimmed, account, **typed) == read(content, account, **typed)


@pytest.mark.parametrize("said", ["DE89", "13000", "37040044", "/0", "37040044/13", "9370400/4405"])
def test_a_part_of_an_iban_is_no_account_of_ours(said: str) -> None:
    assert not EURO.is_called(said)


@pytest.mark.parametrize(
    "said", ["", "de89 3704 0044 0532 0130 00", "0532013000", "532013000", "37040044/532013000"]
)
def test_an_account_is_known_by_its_iban_or_by_its_number_there(said: str) -> None:
    assert EURO.is_called(said)
    assert replace(EURO, number="0532013000").is_called(said)
    assert replace(EURO, number="FR1420041010050500013M02606").is_called("20041/0500013M026")


@pytest.mark.parametrize("said", ["DE89370400440532013000", "37040044/532013000", "1013000"])
def test_the_end_of_somebody_elses_number_is_no_short_account_of_ours(said: str) -> None:
    ours = replace(EURO, number="13000")
    assert not ours.is_called(said)
    assert all(ours.is_called(same) for same in ("13000", "0013000", "DE47370400440000013000"))


def test_what_may_be_thousands_is_no_amount_of_another_decimal_sign() -> None:
    mapping = CsvMapping(date="day", amount="sum", balance="left", decimal=".")
    for code, said in (("EUR", "1.500"), ("JPY", "1.500"), ("EUR", "-1.500.000")):
        content = f"day,sum,left\n2026-11-03,{said},{said}\n".encode()
        with pytest.raises(UnreadableStatement, match="no amount"):
            read(content, replace(EURO, currency=Currency.of(code), mapping=mapping))
    assert read(content.replace(b"-1.500.000", b"0.500"), replace(EURO, mapping=mapping))
    dinars = replace(EURO, currency=Currency.KWD, mapping=mapping)
    assert read(content.replace(b"-1.500.000", b"1.500"), dinars)[0].closing.minor == 1_500


def test_a_day_of_another_year_is_refused_before_it_is_a_banks_word_for_all_months_until_then() -> (
    None
):
    content, account, _ = golden("german.csv")
    read(content, account)[0].check_days(date(2026, 11, 1))
    slip = read(content.replace(b"03.11.2026", b"03.11.2027"), account)[0]
    with pytest.raises(UnreadableStatement, match="line 4: this day has not come: 2027-11-03"):
        slip.check_days(date(2026, 11, 4))


def test_a_csv_without_balances_needs_them_typed() -> None:
    content, account, _ = golden("american.csv")
    with pytest.raises(UnreadableStatement, match="opening"):
        read(content, account)
    with pytest.raises(UnreadableStatement, match="mapping"):
        read(content, replace(account, mapping=None))


def test_amounts_are_read_exactly_or_not_at_all() -> None:
    assert read_amount("0.0100", Currency.EUR) == Money(100, Currency.EUR)
    assert read_amount("-12", Currency.JPY) == Money(-1200, Currency.JPY)
    for wrong in ("", "1e3", "1,5", "٣", "--1", "0.001"):
        with pytest.raises(UnreadableStatement):
            read_amount(wrong, Currency.EUR)
