"""What requesters and workers see of where their money is."""

import io
import re
from types import ModuleType
from typing import Any

import openpyxl


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_statement_names_batches_and_runs_a_balance_on_the_page_and_in_files(
    market: Any, browsing: Any, make: ModuleType
) -> None:
    market.pay_in(market.requester, 1000)
    market.deliver(make.funding(title="=Cats & dogs"), make.rejected(1))
    requester = browsing("requester", "req_1")
    page = words(requester.get("/pay/statement").text)
    assert "Reserved for a batch =Cats &amp; dogs $0.60 $9.40" in page
    assert "Came back from a batch: slot closed" in page
    assert "$9.46" in page
    assert "=Cats" in words(requester.get("/pay/wallet").text)
    assert "'=Cats & dogs,bat_1," in requester.get("/pay/wallet/batches.csv").text
    later = requester.get("/pay/statement?since=2100-01-01").text
    assert "Nothing moved on these days" in later
    assert "3 in all $10.06 $0.60" in page
    rows = requester.get("/pay/statement.csv").text.splitlines()
    assert len(rows) == 4
    assert "'=Cats & dogs" in rows[1], "no cell runs as a formula"
    assert rows[1].endswith(",0.06,,9.46,USD")
    file = io.BytesIO(requester.get("/pay/statement.xlsx").data)
    lines = list(openpyxl.load_workbook(file).active.rows)
    assert [float(row[6].value) for row in lines[1:]] == [9.46, 9.4, 10.0]
    assert "Nothing moved yet" in browsing("requester", "req_2").get("/pay/statement").text


def test_a_worker_sees_what_is_in_review_held_and_payable(
    market: Any, browsing: Any, make: ModuleType, calling: Any
) -> None:
    market.earn("wrk_1", 2)
    market.deliver(make.funding("bat_2"))
    numbers, other = (1, 2, 3, 4), {"batch_id": "bat_2"}
    market.deliver(*[make.claimed(number, **other) for number in numbers])
    market.deliver(*[make.received(number, **other) for number in numbers])
    worker = calling("worker", "wrk_1")
    before = worker.get("/earnings").json
    assert (before["in_review_count"], before["in_review"]["amount_minor"]) == (4, 20)
    decided = [make.accepted(1, **other), make.rejected(2, **other), make.returned(3, **other)]
    market.deliver(*decided)
    after = worker.get("/earnings").json
    assert (after["in_review_count"], after["payable"]["amount_minor"]) == (1, 15)
    market.maker.post("/holds", {"worker_id": "wrk_1", "reason": "a doubt"})
    page = words(browsing("worker", "wrk_1").get("/pay/earnings").text)
    assert "in review, 1 answer $0.05" in page
    assert "held while somebody looks into it $0.15" in page
    assert worker.get("/earnings").json["held"]["amount_minor"] == 15
