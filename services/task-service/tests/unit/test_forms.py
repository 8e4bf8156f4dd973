import io
from decimal import Decimal

import pytest
from task_service.domain.errors import TemplateTooLarge
from task_service.entrypoints.pages.forms import Unreadable, parse_number, template_of
from werkzeug.datastructures import FileStorage


def test_numbers_are_written_in_the_decimals_of_any_script() -> None:
    assert [parse_number(text) for text in (" 0.05 ", "۰٫۰۵", "٥")] == [
        Decimal("0.05"),
        Decimal("0.05"),
        Decimal(5),
    ]
    for text in ("5²", "①", "1e5", "-1", "0,05", ""):
        with pytest.raises(Unreadable):
            parse_number(text)


def test_a_template_file_that_is_too_large_is_called_so_wherever_it_is_cut() -> None:
    upload = FileStorage(io.BytesIO(("د" * 300_000).encode()), filename="long.html")
    with pytest.raises(TemplateTooLarge):
        template_of({}, upload)
