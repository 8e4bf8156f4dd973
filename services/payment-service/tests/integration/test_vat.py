"""VAT on our fees: fixed when a batch is published, taken when work is accepted, told to all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.task import BonusGranted
from crowdloom.testkit.ports import FrozenClock
from payment_service.adapters.mongo_invoices import MongoFeeBooks
from payment_service.application.invoices import IssueInvoices
from payment_service.bootstrap import Application
from payment_service.entrypoints.pages.invoice_pages import invoice_paper

RATES = "DE:2020-01-01:1900,FR:2020-01-01:2000"
VAT = "liability:tax:vat:DE:USD"
ESCROW = "liability:requester:req_1:escrow:bat_1:0:USD"


@dataclass
class Taxed:
    """A market with rates, beside the same database."""

    application: Application
    deliver: Callable[..., None]

    def signed(self, path: str) -> int:
        return sum(
            -row.signed for row in self.application.journal.trial_balance() if row.path == path
        )


@pytest.fixture(scope="session")
def with_rates(build_application: Callable[..., Application]) -> Application:
    return build_application(CROWDLOOM_VAT_RATES=RATES, CROWDLOOM_VAT_HOME_COUNTRY="DE")


@pytest.fixture
def taxed(market: Any, with_rates: Application, deliverer: Any) -> Taxed:
    """req_1 is in Germany, and has money."""
    market.pay_in(market.requester, 1000)
    with_rates.set_billed_to("req_1", "Fir Research", country="DE")
    return Taxed(with_rates, deliverer(with_rates))


def bonus(make: ModuleType) -> BonusGranted:
    return BonusGranted(
        bonus_id="bon_1",
        submission_id="sub_001",
        assignment_id="asg_001",
        batch_id="bat_1",
        requester_id="req_1",
        amount=make.usd(100),
        reason="Thorough.",
        granted_at=make.BEGINNING,
    )


def test_vat_is_reserved_taken_with_the_fee_and_given_back_with_the_rest(
    taxed: Taxed, make: ModuleType, books: Any, outbox: Any
) -> None:
    taxed.deliver(make.funding(slot_count=6, vat=make.usd(1)))
    assert outbox()[-1][1]["code"] == "wrong_vat"
    assert taxed.signed(ESCROW) == 0
    # 19 % of the cent is 0.19 cent: the ledger keeps hundredths of a cent.
    vat = make.usd(1).share(1900)
    taxed.deliver(make.funding(slot_count=6, revision=2, vat=vat))
    assert taxed.signed(ESCROW) == 6 * 619
    # The rate changes with the requester's country; what is published keeps its own.
    taxed.application.set_billed_to("req_1", "Fir Research", country="FR")
    taxed.deliver(make.claimed(1), make.accepted(1), make.claimed(2), make.rejected(2))
    assert (taxed.signed(VAT), taxed.signed(ESCROW)) == (19, 4 * 619)
    taxed.deliver(make.funding(slot_count=7, revision=3, reward=make.usd(10), vat=vat * 2))
    taxed.deliver(make.withdrawn(slot_count=1), make.claimed(3), make.accepted(3))
    assert (taxed.signed(VAT), taxed.signed(ESCROW)) == (19 + 38, 3 * 1238)
    taxed.deliver(make.accepted(2, overturns=True), bonus(make), make.completed())
    assert (taxed.signed(VAT), taxed.signed(ESCROW)) == (19 + 38 + 38, 0)
    assert taxed.signed("liability:tax:vat:FR:USD") == 400, "20 % of the bonus's fee of 20 cents"
    books.check(taxed.application)
    held = {each.invariant for each in taxed.application.audit_money() if each.holds}
    assert {"I1", "I2", "I3", "I4", "I5", "I6"} <= held
    (spend,) = taxed.application.show_money.spends([taxed.application.readers.batches.get("bat_1")])
    assert (spend.vat.units, spend.fees.units) == (95, 500)


def test_task_service_is_told_once_of_each_change(taxed: Taxed, outbox: Any) -> None:
    application = taxed.application
    assert application.tell_vat() is None
    application.set_billed_to("req_1", "Fir", country="FR", vat_number="FR 40303265045")
    application.set_billed_to("req_1", "Fir", country="US")
    application.set_billed_to("req_1", "Fir", country="US")
    told = [
        (body["country"], body["basis_points"], body["reverse_charge"])
        for name, body in outbox()
        if name == "payment.vat.set.v1"
    ]
    assert told == [("DE", 1900, False), ("FR", 0, True), ("", 0, False)]


def test_an_invoice_and_the_taxes_name_each_rate(
    taxed: Taxed, make: ModuleType, browsing: Any, calling: Any, clock: FrozenClock
) -> None:
    application = taxed.application
    taxed.deliver(make.funding(), make.claimed(1), make.accepted(1))
    application.set_billed_to("req_1", "Fir", country="FR", vat_number="FR40303265045")
    named = {"batch_id": "bat_2"}
    taxed.deliver(make.funding(**named), make.claimed(2001, **named), make.accepted(2001, **named))
    later = (clock.now().replace(day=1) + timedelta(days=32)).replace(day=1, hour=1)
    IssueInvoices(
        application.store,
        MongoFeeBooks(application.database),
        clock=FrozenClock(later),
        issuer="Crowdloom",
    )()
    (one,) = calling("requester", "req_1").get("/invoices").json["items"]
    lines = {each["batch_id"]: each for each in one["lines"]}
    assert (lines["bat_1"]["vat_basis_points"], lines["bat_1"]["reverse_charge"]) == (1900, False)
    assert (lines["bat_2"]["vat_country"], lines["bat_2"]["reverse_charge"]) == ("FR", True)
    assert (one["vat"]["amount_minor"], one["total"]["amount_minor"]) == (19, 219)
    requester = browsing("requester", "req_1")
    page = requester.get(f"/pay/invoices/{one['name']}").text
    assert "19%" in page
    assert "Reverse charge" in page
    assert "FR40303265045" in page
    assert "0.0019" in requester.get("/pay/wallet").text
    paper = invoice_paper(application.readers.invoices.get(1))
    assert ("VAT DE 19 % on 0.01 USD", "0.0019 USD") in paper.totals
    assert ("Total", "0.0219 USD") in paper.totals
    assert paper.note.startswith("Reverse charge")
    clock.advance(seconds=120)
    application.database["outbox"].update_many({}, {"$unset": {"pending": ""}})
    while application.seal_journal() or application.derive_balances():
        pass
    finance = browsing("staff", "stf_1", "auditor")
    year = clock.now().year
    assert "DE" in finance.get(f"/finance/ledger/taxes?year={year}").text
    rows = finance.get(f"/finance/ledger/taxes.csv?year={year}").text.splitlines()
    assert "vat,DE,0.0019,0.00,0.0019,USD" in rows[1]
    days = {"since": "2020-01-01", "until": "2030-12-31"}
    totals = calling("staff", "stf_1", "auditor").get("/exports/vat-totals", **days).text
    assert totals.splitlines()[1].endswith(",DE,1900,no,USD,0.01,0.0019")
    assert totals.splitlines()[2].endswith(",FR,0,yes,USD,0.01,0.00")


def test_a_requester_says_where_it_is_taxed_and_is_told_what_cannot_be(browsing: Any) -> None:
    requester = browsing("requester", "req_1")
    page = requester.get("/pay/invoices").text
    assert '<option value="DE">Germany</option>' in page
    sent = {"billed_to": "Fir", "country": "", "vat_number": "DE1234567"}
    refused = requester.post("/pay/invoices", data=sent)
    assert refused.status_code == 422
    assert "Choose the country" in refused.text
    assert "DE1234567" in refused.text
    kept = requester.post("/pay/invoices", data={**sent, "country": "DE"})
    assert kept.status_code == 303
    assert '<option value="DE" selected>' in requester.get("/pay/invoices").text
