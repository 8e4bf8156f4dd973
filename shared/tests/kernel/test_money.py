import pytest
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.money import InvalidMoney, WrongCurrency
from hypothesis import given
from hypothesis import strategies as st

amounts = st.builds(
    Money, units=st.integers(-(10**12), 10**12), currency=st.sampled_from(list(Currency))
)


@given(amounts)
def test_money_reads_back_what_it_wrote(amount: Money):
    assert Money.from_wire(amount.to_wire()) == amount


@given(amounts)
def test_flooring_never_gives_more_than_there_is_and_leaves_less_than_a_minor_unit(amount: Money):
    rest = amount - amount.floored_to_minor()
    assert 0 <= rest.units < 100


@given(st.integers(0, 10**9), st.integers(0, 10_000))
def test_a_share_is_off_by_half_a_unit_at_most(units: int, basis_points: int):
    share = Money(units, Currency.USD).share(basis_points)
    assert abs(share.units * 10_000 - units * basis_points) <= 5_000


def test_a_fifth_of_a_cent_is_exact():
    assert Money.of_minor(1, "USD").share(2_000) == Money(20, Currency.USD)
    assert str(Money(20, Currency.USD)) == "0.0020 USD"


def test_a_yen_has_no_minor_unit_and_a_dinar_has_three_digits():
    assert str(Money.of_minor(5, "JPY")) == "5 JPY"
    assert str(Money.of_minor(-1_234, "KWD")) == "-1.234 KWD"


def test_two_currencies_do_not_mix():
    with pytest.raises(WrongCurrency):
        Money.of_minor(1, "USD") + Money.of_minor(1, "EUR")


@pytest.mark.parametrize(
    "wire",
    [
        {"amount_minor": 1.5, "currency": "USD"},
        {"amount_minor": True, "currency": "USD"},
        {"amount_minor": "1", "currency": "USD"},
        {"amount_minor": 1},
        {"amount_minor": 1, "currency": "USD", "scale": 3},
        {"amount_minor": 2**80, "currency": "USD"},
    ],
)
def test_what_is_not_money_is_refused(wire: dict[str, object]):
    with pytest.raises(InvalidMoney):
        Money.from_wire(wire)


def test_a_large_amount_is_one_as_a_database_gives_it():
    class Long(int):
        """As bson.Int64, of what is above 2^31."""

    kept = Long(2**31)
    for read in (
        Money.from_wire({"amount_minor": kept, "currency": "USD"}),
        Money.of_minor(kept, "USD"),
        Money(Long(2**31 * 100), Currency.USD),
    ):
        assert read == Money.of_minor(2**31, "USD")
        assert type(read.units) is int


def test_an_unknown_currency_is_refused():
    with pytest.raises(WrongCurrency):
        Money.from_wire({"amount_minor": 1, "currency": "XXX"})
