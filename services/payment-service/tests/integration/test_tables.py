"""What all tables of the finance pages share: orders, pages, totals and files."""

import csv
import html
import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from payment_service.adapters.mongo_rows import MongoRows
from payment_service.application.rows import Order
from payment_service.application.tables import Acts

LISTS = {
    "/finance/payout-runs": "",
    "/finance/approvals": "?status=all",
    "/finance/payees": "",
    "/finance/funds": "",
    "/finance/invoices": "",
    "/finance/refunds": "?status=all",
    "/finance/reconciliations": "",
    "/finance/exceptions": "?state=all",
    "/finance/ledger": "",
    "/finance/ledger/entries": "",
    "/finance/ledger/accounts/liability:worker:wrk_1:payable:USD": "",
    "/finance/periods": "",
    "/finance/audit": "",
}
RESULTS = ("equal", "differs", "failed")
DESCENDING = 'aria-sort="descending"'


@pytest.fixture
def busy(market: Any, calling: Any) -> Any:
    """Two workers, of whom one was paid and one was refused, and what people did about it."""
    for worker, batch in (("wrk_1", "bat_1"), ("wrk_2", "bat_2")):
        market.earn(worker, 4, batch_id=batch)
        market.ask(calling("worker", worker))
    account = market.application.readers.payees.get("wrk_2").account_id
    market.processor.control(f"accounts/{account}/refusal")
    market.pay_out()
    market.reconcile()
    market.maker.post("/holds", {"worker_id": "wrk_2", "reason": "a doubt"})
    return market


def test_every_table_sorts_by_its_columns_totals_itself_and_is_a_file_with_the_same_rows(
    busy: Any, browsing: Any
) -> None:
    reader = browsing("staff", "stf_maker", "finance.view")
    empty = set()
    for path, query in LISTS.items():
        page = reader.get(f"{path}{query}").text
        heads = re.findall(r'<a class="sort" href="([^"]+)"', page)
        count = counted(page)
        assert len(heads) >= (3 if count else 0), path
        for head in map(html.unescape, heads):
            sorted_page = reader.get(head).text
            way = "descending" if "sort=-" in head else "ascending"
            assert f'aria-sort="{way}"' in sorted_page, head
            assert query.removeprefix("?") in head, "filters stay"
        assert len(rows_of(reader, f"{path}.csv{query}")) == count, path
        book = load_workbook(io.BytesIO(reader.get(f"{path}.xlsx{query}").data))
        assert book.active.max_row == count + 1, path
        empty |= set() if count else {path}
    assert empty == {"/finance/refunds", "/finance/approvals", "/finance/invoices"}


def counted(page: str) -> int:
    """What the last table of the page says of all its rows; none where it is empty."""
    found = re.findall(r"<tfoot[^>]*><tr><th[^>]*>(\d+) in all", page)
    return int(found[-1]) if found else 0


def rows_of(reader: FlaskClient, path: str) -> list[dict[str, str]]:
    text = reader.get(path).get_data().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_an_order_nobody_offers_is_the_usual_one_and_amounts_are_numbers(
    busy: Any, browsing: Any
) -> None:
    reader = browsing("staff", "stf_maker", "finance.view")
    runs = "/finance/payout-runs"
    unknown = re.findall("aria-sort[^>]+", reader.get(f"{runs}?sort=content_hash").text)
    assert unknown == re.findall("aria-sort[^>]+", reader.get(runs).text) == [DESCENDING]
    results = [
        counted(reader.get(f"/finance/reconciliations?result={each}").text) for each in RESULTS
    ]
    assert sorted(results) == [0, 0, 1]
    (compared,) = busy.application.tables.reconciliations().page(Order("asked_at"), 2)
    for part in ("differences", "timing", "banks"):
        file = f"/finance/reconciliations/{compared['_id']}/{part}.csv"
        assert reader.get(file).status_code == 200, part
    assert "Not yours to add" in reader.get("/finance/bank-accounts/new").text
    (run,) = rows_of(reader, f"{runs}.csv")
    assert (run["total"], run["paid"], run["refused"]) == ("0.40", "0.20", "0.20")
    sheet = load_workbook(io.BytesIO(reader.get(f"{runs}.xlsx").data)).active
    cells = dict(zip(*[[cell.value for cell in row] for row in sheet.rows], strict=True))
    assert (cells["total"], cells["currency"]) == (0.4, "USD")
    (paid_run,) = busy.application.tables.runs().page(Order("run"), 2)
    assert counted(reader.get(f"{runs}/{paid_run.run_id}?state=paid").text) == 1
    assert counted(reader.get("/finance/payees/wrk_1").text) == 1
    assert len(rows_of(reader, "/finance/payees/wrk_1/payouts.csv")) == 1
    fragment = reader.get(f"{runs}/{paid_run.run_id}/lines").text
    assert f'href="{runs}/' in fragment
    assert "/lines?sort" not in fragment, "its links lead to the page"


def test_the_database_pages_through_equals_and_gaps_without_losing_a_row(application: Any) -> None:
    rows = [{"_id": f"r{n}", "size": size} for n, size in enumerate([3, None, 1, 3, None, 2, 3])]
    collection = application.database["some_rows"]
    collection.insert_many(rows)
    table = MongoRows(
        collection,
        {},
        keys={"size": "size", "id": "_id"},
        made=dict,
        ids=lambda row: row["_id"],
        summed_max=6,
    )
    for order in (
        Order("size"),
        Order("size", is_descending=True),
        Order("id", is_descending=True),
    ):
        whole = [row["_id"] for row in table.page(order, 10)]
        assert sorted(whole) == [row["_id"] for row in rows]
        found, after = [], None
        while page := table.page(order, 2, after=after):
            after = page[-1]["_id"]
            found += [row["_id"] for row in page]
        assert found == whole, order
        assert [row["_id"] for piece in table.pieces(order) for row in piece] == whole, order
    assert (table.totals().count, table.totals().is_whole) == (6, False)
    assert table.totals(whole=True).count == len(rows)
    assert application.tables.audit(Acts(who="nobody")).totals().count == 0


def test_a_long_table_is_summed_when_asked_in_any_order_and_its_file_has_every_row(
    busy: Any, browsing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = browsing("staff", "stf_maker", "finance.view")
    account = "/finance/ledger/accounts/asset:stripe:available:USD"
    paths = ("/finance/payees", "/finance/payout-runs", "/finance/ledger/entries", account)
    before = {path: foot_of(reader.get(path).text) for path in paths}
    files = {path: rows_of(reader, f"{path}.csv") for path in paths}
    monkeypatch.setattr(busy.application.tables, "_summed_max", 0)
    for path in paths:
        page = reader.get(path).text
        href = re.findall(r'<a href="([^"]+totals=all[^"]*)"', page)[-1]
        assert "More than 0" in foot_of(page), path
        assert foot_of(reader.get(html.unescape(href)).text) == before[path], path
        assert rows_of(reader, f"{path}.csv") == files[path], path
    by_held = [row["worker"] for row in rows_of(reader, "/finance/payees.csv?sort=-held")]
    assert by_held == ["wrk_2", "wrk_1"], "an order that no collection keeps"
    assert [row["worker"] for row in rows_of(reader, "/finance/payees.csv?q=rk_2")] == ["wrk_2"]
    assert rows_of(reader, "/finance/payees.csv?q=rk.2") == [], "what is typed is no pattern"


def test_lists_of_the_api_go_on_until_their_end(busy: Any, calling: Any) -> None:
    owners = {
        "/top-ups": busy.requester,
        "/batches": busy.requester,
        "/payout-requests": calling("worker", "wrk_2"),
    }
    for path, owner in owners.items():
        whole = owner.get(path).json
        found, page = [], owner.get(path, limit=1).json
        while page["next_cursor"]:
            found += page["items"]
            page = owner.get(path, limit=1, cursor=page["next_cursor"]).json
        assert found + page["items"] == whole["items"], path
        assert whole["next_cursor"] is None
        assert owner.get(path, cursor="made-up").status_code == 422, path
    assert len(busy.requester.get("/top-ups").json["items"]) == 2


def test_the_cause_of_any_cent_is_three_clicks_from_today_and_no_link_there_is_dead(
    busy: Any, browsing: Any
) -> None:
    reader = browsing("staff", "stf_maker", "finance.view")
    reached, dead = {"/finance": "/finance"}, {}
    newest = dict(reached)
    for _click in range(3):
        pages = {link: reader.get(link) for link in newest.values()}
        dead |= {link: page.status_code for link, page in pages.items() if page.status_code != 200}
        found = {path: link for page in pages.values() for path, link in links_of(page.text)}
        newest = {path: link for path, link in found.items() if path not in reached}
        reached |= newest
    assert dead == {}
    entries = busy.application.journal.entries(count_max=1_000)
    assert {f"/finance/ledger/entries/{each.entry_id}" for each in entries} <= set(reached)
    payouts = [path for path in reached if "/reconciliation/items/" in path]
    assert len(payouts) == 2, "to the work behind each and to what became of it"


def links_of(page: str) -> list[tuple[str, str]]:
    """Pages of finance, each without and with what is asked of it."""
    found = map(html.unescape, re.findall(r'<a[^>]* href="(/finance[^"#]*)"', page))
    pages = [(link.partition("?")[0], link) for link in found]
    return [(path, link) for path, link in pages if not path.endswith((".csv", ".xlsx"))]


def foot_of(page: str) -> str:
    """The words of the last table's foot."""
    return re.sub(r"<[^>]+>|\s+", " ", page.rpartition("<tfoot")[2].partition("</tfoot>")[0])
