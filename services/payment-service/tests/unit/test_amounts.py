import pytest
from crowdloom.kernel import Currency, Money
from payment_service.entrypoints.pages.amounts import UnreadableAmount, parse, typed


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("25", 2500),
        (" 25 ", 2500),
        ("0.50", 50),
        ("1250.5", 125_050),
        ("1,250.50", 125_050),
        ("$25", 2500),
        ("25 USD", 2500),
        ("25.10000", 2510),
        ("۱٬۲۵۰٫۵", 125_050),
        ("0.29", 29),
    ],
)
def test_an_amount_is_read_to_the_cent(text: str, minor: int) -> None:
    assert parse(text, Currency.USD) == Money.of_minor(minor, Currency.USD)


@pytest.mark.parametrize(
    "text",
    ["", "12,50", "1.005", "-5", "+5", "1e3", "5 EUR", "1,25,0", "five", "NaN", "25..0", "9" * 50],
)
def test_what_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(UnreadableAmount):
        parse(text, Currency.USD)


def test_a_currency_without_cents_takes_none() -> None:
    assert parse("500", Currency.JPY) == Money.of_minor(500, Currency.JPY)
    with pytest.raises(UnreadableAmount):
        parse("500.5", Currency.JPY)


def test_what_is_prefilled_is_read_back_the_same() -> None:
    amount = Money.of_minor(29_150, Currency.USD)
    assert typed(amount) == "291.50"
    assert parse(typed(amount), Currency.USD) == amount
