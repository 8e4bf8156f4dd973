"""VAT on our fees: by whose country and which day, exact over all slots, and never left over."""

from datetime import date
from typing import Any

import pytest
from crowdloom.contracts.payment import slot_fee
from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput
from hypothesis import given
from hypothesis import strategies as st
from payment_service.config import RefusedToStart, read_settings
from payment_service.domain import flows
from payment_service.domain.batches import BatchTerms, EarlierTerms
from payment_service.domain.vat import (
    NO_VAT,
    NOWHERE,
    BillingProfile,
    Vat,
    VatRules,
    checked_profile,
    read_note,
    read_rates,
)

RULES = VatRules("DE", read_rates(["DE:2007-01-01:1900", "DE:2027-01-01:2000", "FR:2014-01-01:0"]))
DAY = date(2026, 11, 30)


def terms_of(reward: Money, tax: Vat, slots: int) -> BatchTerms:
    return BatchTerms("bat_1", "req_1", 1, slots, reward, slot_fee(reward), tax)


def test_a_rate_holds_from_its_day_on_in_its_country_alone() -> None:
    german = BillingProfile("DE")
    assert RULES.of(german, DAY) == Vat("DE", 1900)
    assert RULES.of(german, date(2027, 1, 1)) == Vat("DE", 2000)
    assert RULES.of(german, date(2006, 12, 31)) == NO_VAT
    assert RULES.of(BillingProfile("US"), DAY) == RULES.of(NOWHERE, DAY) == NO_VAT
    assert RULES.of(BillingProfile("FR", "FR40303265045"), DAY) == NO_VAT, "none is due there"
    assert VatRules().of(german, DAY) == NO_VAT


def test_a_business_in_another_country_owes_the_vat_itself() -> None:
    abroad = VatRules("NL", RULES.rates)
    business = BillingProfile("DE", "DE123456789")
    assert abroad.of(business, DAY) == Vat("DE", reverse_charge=True)
    assert RULES.of(business, DAY) == Vat("DE", 1900), "at home a business pays it as anybody"
    for vat in (NO_VAT, Vat("DE", 1900), Vat("DE", reverse_charge=True)):
        assert read_note(vat.note) == vat


@pytest.mark.parametrize(
    ("country", "number", "field"),
    [("Germany", "", "country"), ("", "DE123456789", "country"), ("DE", "x", "vat_number")],
)
def test_what_cannot_be_printed_on_an_invoice_is_refused(
    country: str, number: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_profile(country, number)
    assert field in refused.value.facts["errors"]
    assert checked_profile("de", "DE 123.456-789") == BillingProfile("DE", "DE123456789")


@pytest.mark.parametrize(
    "rates", ["DE:1900", "DE:2026-02-30:1900", "D:2026-01-01:1", "DE:2026-01-01:x"]
)
def test_a_rate_that_cannot_be_read_stops_the_start(rates: str) -> None:
    environment: dict[str, str] = {
        "CROWDLOOM_MONGODB_URI": "mongodb://unused",
        "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
        "CROWDLOOM_PAYMENT_SERVICE_SIGNING_KEY": "unused",
        "CROWDLOOM_PUBLIC_KEYS": "{}",
        "CROWDLOOM_CURSOR_KEY": "unused",
        "CROWDLOOM_STRIPE_API_KEY": "sk_test_unused",
        "CROWDLOOM_VAT_RATES": rates,
    }
    with pytest.raises(RefusedToStart, match="VAT_RATES"):
        read_settings(environment)


@given(
    minor=st.integers(1, 10_000),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    points=st.integers(0, 3_000),
    fates=st.lists(st.sampled_from(["accept", "release", "cancel", "close"]), max_size=12),
    more=st.integers(0, 50),
)
def test_whatever_becomes_of_the_slots_all_that_was_reserved_is_used_up(
    minor: int, currency: str, points: int, fates: list[str], more: int
) -> None:
    """Before and after a raise: no cent is left over, and none is missing."""
    reward, tax = Money.of_minor(minor, currency), Vat("DE", points)
    before = terms_of(reward, tax, len(fates) + 1)
    after = terms_of(reward + Money.of_minor(more, currency), tax, len(fates) + 1)
    entries = [flows.publish(before), flows.accept(before, **_work(0))]
    grown = after.slot_cost * len(fates) - before.slot_cost * len(fates)
    entries += [flows.publish(after, grown)] if grown else []
    for number, fate in enumerate(fates, start=1):
        entries.append(_entry_of(after, fate, number))
    sums: dict[str, int] = {}
    for line in (line for entry in entries for line in entry.lines):
        sums[line.account] = sums.get(line.account, 0) + line.signed
    code, settled = reward.currency.code, fates.count("accept")
    assert sums[f"liability:requester:req_1:escrow:bat_1:0:{code}"] == 0
    taken = before.vat + after.vat * settled
    assert sums.get(f"liability:tax:vat:DE:{code}", 0) == taken.units
    earlier = EarlierTerms().grown(before, after, settled_count=1, closed_count=1)
    assert taken.units == after.vat.units * (settled + 1) + earlier.vat_units
    assert after.cost.units + earlier.cost_units == (before.cost + grown).units


def _work(number: int) -> Any:
    return {"assignment_id": f"asg_{number}", "worker_id": "wrk_1"}


def _entry_of(terms: BatchTerms, fate: str, number: int) -> Any:
    if fate == "accept":
        return flows.accept(terms, **_work(number))
    if fate == "release":
        return flows.release(terms, f"asg_{number}")
    if fate == "cancel":
        return flows.cancel(terms, revision=number, slot_count=1)
    return flows.close(terms, terms.slot_cost)


@pytest.mark.parametrize(
    "text", ["DE:1900", "de:2021-01-01:1900", "DE:2021-13-01:1", "DE:2021-01-01:-1"]
)
def test_a_rate_that_cannot_be_read_is_named_and_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is no rate"):
        read_rates(["FR:2021-01-01:2000", text])
