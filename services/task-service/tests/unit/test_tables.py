import pytest
from task_service.domain.errors import FaultyRows
from task_service.domain.records import read_ndjson, table_of_records
from task_service.domain.tables import read_table


def faults(content: bytes, *needed: str) -> list[tuple[int, str | None]]:
    with pytest.raises(FaultyRows) as refused:
        read_table(content, needed=needed)
    listed = refused.value.facts["faults"]
    assert isinstance(listed, list)
    return [(fault["line"], fault["column"]) for fault in listed]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ends_and_a_byte_order_mark_are_read(ending: str) -> None:
    table = read_table(ending.join(["\ufeffa,b", "1,2", "3,4"]).encode())
    assert table.columns == ("a", "b")
    assert table.rows == (("1", "2"), ("3", "4"))


def test_quoted_cells_keep_commas_quotes_and_lines() -> None:
    table = read_table(b'a,b\n"x, ""y""","line\nbreak"\n')
    assert table.rows == (('x, "y"', "line\nbreak"),)


def test_cells_are_kept_as_they_are_to_the_last_space() -> None:
    assert read_table(b"a,b\n  x , \n").rows == (("  x ", " "),)


def test_empty_lines_are_no_rows() -> None:
    assert len(read_table(b"a\n1\n\n   \n2\n\n").rows) == 2


def test_a_faulty_row_is_named_by_the_line_it_begins_on() -> None:
    assert faults(b'a,b\n"one\ntwo\nthree",x\nshort\nok,ok\n1,2,3\n') == [(5, None), (7, None)]


def test_a_column_that_the_template_needs_is_named() -> None:
    assert faults(b"a,b\n1,2\n", "a", "c", "d") == [(1, "c"), (1, "d")]


def test_the_line_of_the_first_byte_that_is_not_utf_8_is_named() -> None:
    assert faults("a\nfine\nnaïve\n".encode("latin-1")) == [(3, None)]


def test_a_table_in_utf_16_is_told_how_to_be_saved() -> None:
    with pytest.raises(FaultyRows) as refused:
        read_table("a\nb\n".encode("utf-16"))
    assert "CSV UTF-8" in str(refused.value.facts["faults"])


def test_headers_without_a_name_or_twice_are_named() -> None:
    assert faults(b"a,,a\n1,2,3\n") == [(1, "a"), (1, None)]


def test_a_quote_that_is_never_closed_is_found_where_it_was_opened() -> None:
    assert faults(b'a\nfine\n"open\nand on\nand on\n') == [(3, None)]


def test_a_cell_with_a_nul_byte_is_named() -> None:
    assert faults(b"a,b\n1,x\x00y\n") == [(2, "b")]


def test_a_cell_that_is_too_long_is_named() -> None:
    assert faults(b"a,b\n1," + b"x" * 200_001) == [(2, "b")]


def test_records_may_name_their_columns_in_any_order() -> None:
    table = table_of_records([{"a": "1", "b": "2"}, {"b": "4", "a": "3"}])
    assert table.columns == ("a", "b")
    assert table.rows == (("1", "2"), ("3", "4"))
    assert list(table.records())[1] == {"a": "3", "b": "4"}


def test_ndjson_counts_lines_not_records() -> None:
    with pytest.raises(FaultyRows) as refused:
        read_ndjson(b'{"a": "1"}\n\n{"a": 2}\n')
    assert refused.value.facts["faults"] == [{"line": 3, "column": "a", "reason": "not a text"}]


def test_ndjson_separates_at_line_feeds_alone() -> None:
    table = read_ndjson('{"a": "one\u2028line"}\n'.encode())
    assert table.rows == (("one\u2028line",),)


def test_a_row_of_many_long_cells_is_refused_before_an_engine_does() -> None:
    columns = ",".join(f"c{number}" for number in range(60))
    row = ",".join("x" * 40_000 for _ in range(60))
    with pytest.raises(FaultyRows) as refused:
        read_table(f"{columns}\n{row}\n".encode())
    assert refused.value.facts["faults"] == [
        {"line": 2, "column": None, "reason": "longer than 2,000,000 characters"}
    ]
