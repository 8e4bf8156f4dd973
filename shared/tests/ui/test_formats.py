from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from crowdloom.kernel import Currency, Money

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)


def test_money_is_isolated_and_grouped(render: Callable[..., str]) -> None:
    amount = Money.of_minor(108_600, "USD")
    assert render("{{ a | money }}", a=amount) == '<bdi class="money">$1,086.00</bdi>'


def test_money_finer_than_a_cent_shows_only_the_digits_it_needs(render: Callable[..., str]) -> None:
    assert render("{{ a | money_text }}", a=Money(20, Currency.USD)) == "$0.002"
    assert render("{{ a | money_text }}", a=Money(-125, Currency.USD)) == "-$0.0125"


def test_money_of_other_exponents_keeps_its_own_minor_unit(render: Callable[..., str]) -> None:
    assert render("{{ a | money_text }}", a=Money.of_minor(1200, "JPY")) == "¥1,200"
    assert render("{{ a | money_text }}", a=Money.of_minor(1200, "KWD")) == "KWD1.200"


def test_money_is_read_from_its_wire_form(render: Callable[..., str]) -> None:
    wire = {"amount_minor": 20, "scale": 4, "currency": "USD"}
    assert render("{{ a | money_text }}", a=wire) == "$0.002"


def test_money_keeps_latin_figures_in_persian(render: Callable[..., str]) -> None:
    assert render("{{ a | money_text }}", "fa", a=Money.of_minor(1085, "USD")) == "$10.85"


@pytest.mark.parametrize("name", ["money", "number", "percent", "instant", "duration", "ident"])
def test_what_is_not_known_is_said_so_and_is_not_zero(
    render: Callable[..., str], name: str
) -> None:
    assert "unknown" in render("{{ none | " + name + " }}")


def test_numbers_are_in_the_reader_s_digits(render: Callable[..., str]) -> None:
    assert render("{{ 1204 | number }}") == "1,204"
    assert render("{{ 1204 | number }}", "fa") == "۱٬۲۰۴"
    assert render("{{ 0.964 | percent }}", "fa") == "۹۶٫۴٪"
    assert render("{{ 0.964 | percent(0) }}") == "96%"


def test_a_constant_in_a_template_is_worded_for_each_reader_anew(
    render: Callable[..., str],
) -> None:
    source = "{{ 5 | number }}"
    assert [render(source, "en"), render(source, "fa")] == ["5", "۵"]


def test_durations_have_at_most_two_units(render: Callable[..., str]) -> None:
    seconds = [0, 45, 150, 3_600, 4_680, 180_000]
    words = [render("{{ s | duration }}", s=value) for value in seconds]
    assert words == ["0 sec", "45 sec", "2 min", "1 hr", "1 hr 18 min", "2 days 2 hr"]


def test_an_instant_names_its_zone_and_carries_the_machine_s_form(
    render: Callable[..., str],
) -> None:
    zone_ahead = NOW.astimezone(tz=datetime.now(UTC).astimezone().tzinfo)
    text = render("{{ m | instant }}", m=zone_ahead)
    assert 'datetime="2026-11-22T14:05:00.000Z"' in text
    assert "22 Nov 2026, 14:05 UTC" in text


def test_an_instant_is_worded_in_persian(render: Callable[..., str]) -> None:
    assert render("{{ m | instant_text }}", "fa", m=NOW) == "۲۲ نوامبر ۲۰۲۶، ۱۴:۰۵ UTC"


def test_relative_looks_both_ways_from_the_given_clock(render: Callable[..., str]) -> None:
    source = "{{ m | relative | striptags }}"
    assert render(source, m=NOW - timedelta(hours=3)) == "3 hours ago"
    assert render(source, m=NOW + timedelta(days=2)) == "in 2 days"
    assert render(source, m=NOW) == "just now"
    assert render(source, "fa", m=NOW - timedelta(hours=3)) == "۳ ساعت پیش"


def test_a_day_may_come_as_date_or_instant(render: Callable[..., str]) -> None:
    expected = '<time datetime="2026-11-22">22 Nov 2026</time>'
    assert render("{{ d | day }}", d=date(2026, 11, 22)) == expected
    assert render("{{ d | day }}", d=NOW) == expected


def test_what_people_wrote_is_escaped_and_runs_in_its_own_direction(
    render: Callable[..., str],
) -> None:
    assert render("{{ t | own_text }}", t="<b>") == '<bdi dir="auto">&lt;b&gt;</bdi>'


def test_a_pseudonym_is_short_and_isolated(render: Callable[..., str]) -> None:
    assert "··7F3K</bdi>" in render("{{ p | pseudonym }}", p="psn_0000007f3k")
