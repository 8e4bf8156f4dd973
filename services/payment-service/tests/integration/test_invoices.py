"""Fees by month: numbered without gaps, never changed, on pages and as PDF."""

import io
from datetime import timedelta
from types import ModuleType
from typing import Any

import pypdf
from crowdloom.testkit.ports import FrozenClock
from payment_service.adapters.mongo_invoices import MongoFeeBooks
from payment_service.application.invoices import IssueInvoices


def after(clock: Any) -> FrozenClock:
    """An hour into the month after: no other test is to live through that."""
    first = (clock.now().replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0)
    return FrozenClock(first.replace(second=0, microsecond=0) + timedelta(seconds=3_600))


def text_of(answer: Any) -> str:
    assert answer.mimetype == "application/pdf"
    return " ".join(pypdf.PdfReader(io.BytesIO(answer.data)).pages[0].extract_text().split())


def test_each_month_with_fees_gets_one_invoice_and_numbers_have_no_gaps(
    market: Any, browsing: Any, calling: Any, clock: Any, make: ModuleType
) -> None:
    application, later = market.application, after(clock)
    issue = IssueInvoices(
        application.store, MongoFeeBooks(application.database), clock=later, issuer="Crowdloom"
    )
    other = calling("requester", "req_2")
    market.pay_in(other, 1000)
    market.earn("wrk_1", 3)
    market.deliver(make.funding("bat_9", requester_id="req_2", title="گربه"))
    nine = {"batch_id": "bat_9"}
    market.deliver(make.claimed(9001, **nine), make.accepted(9001, **nine))
    requester = browsing("requester", "req_1")
    requester.post("/pay/invoices", data={"billed_to": " Fir Research \n\n 1 Wood Lane "})
    assert application.issue_invoices() is None, "the month is not over"
    assert issue() == 2
    assert issue() is None
    again = IssueInvoices(
        application.store, MongoFeeBooks(application.database), clock=later, issuer="Another"
    )
    assert again() is None, "what was issued is not issued again"
    mine = market.requester.get("/invoices").json["items"]
    assert [(each["name"], each["fees"]["amount_minor"]) for each in mine] == [("INV-000001", 3)]
    assert mine[0]["billed_to"] == "Fir Research\n1 Wood Lane"
    assert mine[0]["lines"][0]["count"] == 3
    assert other.get("/invoices").json["items"][0]["name"] == "INV-000002"
    assert other.get("/invoices/INV-000001").status_code == 404
    assert browsing("requester", "req_2").get("/pay/invoices/INV-000001").status_code == 404
    page = requester.get("/pay/invoices/INV-000001").text
    assert "1 Wood Lane" in page
    assert "$0.15" in page
    assert "INV-000001" in requester.get("/pay/invoices").text
    printed = text_of(requester.get("/pay/invoices/INV-000001.pdf"))
    assert "Invoice INV-000001" in printed
    assert "Fees: 0.03 USD" in printed
    assert "bat_9" in text_of(browsing("requester", "req_2").get("/pay/invoices/INV-000002.pdf"))


def test_a_receipt_is_given_for_what_was_received_alone(market: Any, browsing: Any) -> None:
    amount = {"amount_minor": 1234, "currency": "USD"}
    unpaid = market.requester.post("/top-ups", {"amount": amount}).json["top_up_id"]
    paid = market.pay_in(market.requester, 1234)["top_up_id"]
    requester = browsing("requester", "req_1")
    assert requester.get(f"/pay/top-ups/{unpaid}/receipt").status_code == 404
    assert "$12.34" in requester.get(f"/pay/top-ups/{paid}/receipt").text
    printed = text_of(requester.get(f"/pay/top-ups/{paid}/receipt.pdf"))
    assert "12.34 USD" in printed
    stranger = browsing("requester", "req_2")
    assert stranger.get(f"/pay/top-ups/{paid}/receipt.pdf").status_code == 404
