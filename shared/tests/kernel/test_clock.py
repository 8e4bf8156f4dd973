"""Instants as APIs write them."""

import pytest
from crowdloom.kernel.clock import format_instant, parse_instant


def test_an_instant_is_read_with_any_offset_and_written_in_utc() -> None:
    assert format_instant(parse_instant("2026-11-30T01:30:00+03:30")) == "2026-11-29T22:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    ["2026-11-30T01:30:00", "today", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_what_is_no_instant_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        parse_instant(text)
