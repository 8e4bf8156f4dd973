"""Files as people bring them: read right, or refused with the place, the reason and what to do."""

import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook
from task_service.adapters.table_texts import table_text
from task_service.adapters.text_splitters import RowsSplitter
from task_service.adapters.zip_files import ZipSplitter
from task_service.domain import tables
from task_service.domain.errors import FaultyRows
from task_service.domain.splitting.pieces import PieceAnswer, Wish
from task_service.domain.splitting.rows import split_rows
from task_service.domain.uploads import check_kind, usual_split

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ROWS = Wish("rows", 1)


def kept(_content: bytes, media_type: str) -> str:
    return media_type


def workbook(*rows: list[Any]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(file)
    return file.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


def changed(content: bytes, name: str, part: bytes) -> bytes:
    """A ZIP file with another file under one of its names."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        files = {one: packed.read(one) for one in packed.namelist()}
    return archive({**files, name: part})


def of_one_text(content: bytes) -> bytes:
    """A workbook of a few kilobytes whose cells say the same long text 2,000 times."""
    spreadsheet = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
    names = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    part = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b.sharedStrings+xml"/></Types>'
    )
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        kinds = packed.read("[Content_Types].xml").replace(b"</Types>", part % spreadsheet)
    row = b'<row><c t="s"><v>0</v></c></row>'
    parts = {
        "[Content_Types].xml": kinds,
        "xl/sharedStrings.xml": b"<sst %b><si><t>%b</t></si></sst>" % (names, b"x" * 30_000),
        "xl/worksheets/sheet1.xml": b"<worksheet %b><sheetData>%b</sheetData></worksheet>"
        % (names, row * 2_000),
    }
    for name, part in parts.items():
        content = changed(content, name, part)
    return content


def claiming(content: bytes, size: int) -> bytes:
    """A ZIP file that says so of the size of what is in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.png", content)
        made.infolist()[0].file_size = size
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"a\tb\n1\tx\n",
        b"a;b\r\n1;x\r\n",
        "a,b\n1,x\n".encode("utf-16"),
        b'{"a": "1", "b": "x"}\n',
        b'{"a": 1, "b": "x"}\n',
        b'\xef\xbb\xbf[\n {"a": 1, "b": "x"}\n]\n',
        workbook(["a", "b"], [1.0, "x"]),
    ],
)
def test_tables_of_any_kind_are_read(content: bytes) -> None:
    split = RowsSplitter().split(content, ROWS, kept)
    assert (split.columns, list(split.rows)) == (("a", "b"), [("1", "x")])


def test_a_json_file_is_read_as_programs_write_it() -> None:
    content = b'[{"id": 7, "price": 1.50, "new": true}, {"id": 12345678901234567890, "note": null}]'
    split = RowsSplitter().split(content, ROWS, kept)
    assert split.columns == ("id", "price", "new", "note")
    assert list(split.rows) == [("7", "1.50", "true", ""), ("12345678901234567890", "", "", "")]


def test_a_day_of_a_workbook_has_no_midnight_and_older_splits_are_merged_as_they_were() -> None:
    rows = [datetime(2026, 3, 29), "a"], [datetime(2026, 3, 29, 2, 30), "b"]  # noqa: DTZ001
    content = workbook(["when", "b"], *rows)
    split = RowsSplitter().split(content, ROWS, kept)
    assert [row[0] for row in split.rows] == ["2026-03-29", "2026-03-29 02:30:00"]
    before = table_text(content, None, days=False)
    earlier = {**split_rows(before.text, ROWS, delimiter=",").recipe, "encoding": "utf-8"}
    for recipe, day in ((split.recipe, "2026-03-29"), (earlier, "2026-03-29 00:00:00")):
        whole = b"".join(RowsSplitter().merge(content, recipe, [None, None]).content)
        assert whole.decode().splitlines()[1].startswith(f"{day},")


def test_a_delimiter_in_the_name_of_a_column_cuts_nothing() -> None:
    for content in (
        workbook(["Name; first; last", "b"], ["x;1", "y"]),
        b'"Name; first; last",b\nx;1,y\n',
        b'[{"Name; first; last": "x;1", "b": "y"}]',
    ):
        split = RowsSplitter().split(content, ROWS, kept)
        assert (split.columns, list(split.rows)) == (("Name; first; last", "b"), [("x;1", "y")])


def test_a_zip_makes_a_task_of_each_file_and_a_table_of_the_answers() -> None:
    content = archive({"a.png": PNG, "b.pdf": b"%PDF-1.7", ".DS_Store": b""})
    split = ZipSplitter().split(content, Wish("file", 1), kept)
    assert list(split.rows) == [("image/png", "a.png"), ("application/pdf", "b.pdf")]
    merged = ZipSplitter().merge(content, split.recipe, [PieceAnswer({"kind": "cat"}), None])
    lines = b"".join(merged.content).decode("utf-8-sig").splitlines()
    assert lines == ["name,kind,crowdloom.status", "a.png,cat,", "b.pdf,,missing"]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (archive({"../x.png": PNG}), 1, "leads out"),
        (archive({"a.png": PNG, "x.exe": b"MZ"}), 2, "put images"),
        (archive({"big.png": PNG + bytes(50_000_001)}), 1, "too large"),
        (b"PK\x03\x04 and nothing more", 1, "not a ZIP"),
        (archive({".DS_Store": b""}), 1, "no image"),
        (claiming(PNG, 500_000_001), 1, "unpacks to more than 500 MB"),
    ],
)
def test_a_zip_that_cannot_be_taken_is_refused(content: bytes, line: int, reason: str) -> None:
    with pytest.raises(FaultyRows) as refused:
        ZipSplitter().split(content, Wish("file", 1), kept)
    [fault] = refused.value.facts["faults"]  # type: ignore[misc]
    assert (fault["line"], reason in fault["reason"]) == (line, True), fault


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"a,b\n1,x\x00\n", 2, "NUL"),
        (b"a\n" + b"x" * 10_000_000 + b"\n", 2, "longer than"),
        (",".join(f"c{n}" for n in range(2_000)).encode() + b"\n", 1, "more than 500 columns"),
        (b"a,a\n1,2\n", 1, "twice"),
        (b"a\n" + b"x\n" * 19_997 + b'"open\nx\n', 19_999, "never closed"),
        (",".join(f"c{n}" for n in range(100_000)).encode() + b"\n", 1, "more than 500 columns"),
        (b"a\n" * 2_500_001, 2_500_001, "more than 2,500,000 lines"),
        (b"".join(b'{"k%d": "a"}\n' % n for n in range(5_000)), 501, "more than 500 columns"),
        (b'{"a": "b"}\n' + b"[" * 2_000_001, 1, "objects and lists"),
        (b'[{"a": "b"},\n{"a": "b",}]', 2, "not JSON"),
        (b'[{"a": "b"}, {"a": [1]}]', 2, "not a text"),
        (b'{"a": "b"}\n{"a"\n', 2, "not JSON"),
        (changed(workbook(["a"], ["x"]), "xl/worksheets/sheet1.xml", b"<sheet"), 1, "not a workb"),
        (of_one_text(workbook(["a"], ["x"])), 1_668, "longer than 50 MB"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(content: bytes, line: int, reason: str) -> None:
    with pytest.raises(FaultyRows) as refused:
        RowsSplitter().split(content, ROWS, kept)
    faults: Any = refused.value.facts["faults"]
    assert any(one["line"] == line and reason in one["reason"] for one in faults), faults[:3]


def test_a_table_of_more_cells_than_memory_is_for_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "TABLE_CELLS_MAX", 6)
    fits, more = b"a,b\n1,2\n3,4\n", b"a,b\n1,2\n3,4\n5,6\n"
    assert len(tables.read_table(fits).rows) == len(RowsSplitter().split(fits, ROWS, kept).rows)
    for read in (tables.read_table, lambda content: RowsSplitter().split(content, ROWS, kept)):
        with pytest.raises(FaultyRows) as refused:
            read(more)
        [fault] = refused.value.facts["faults"]  # type: ignore[misc]
        assert fault["line"] == 4
        assert fault["reason"] == "more than 6 cells: make several files of it"


@pytest.mark.parametrize(
    ("content", "wanted", "found"),
    [
        (b"<!DOCTYPE html><p>", "rows", "an HTML page"),
        (b"\xef\xbb\xbf\r\n<!-- made by us -->\n<TABLE border=1>", "rows", "an HTML page"),
        (b'<?xml version="1.0"?><html xmlns="x">', "rows", "an HTML page"),
        (b"\x00\x00\x00\x20ftypisom", "seconds", "a video"),
        (b"\xd0\xcf\x11\xe0", "rows", "of the old kind"),
        (b"a,b\n", "page", "a text"),
    ],
)
def test_a_file_is_what_its_bytes_are_and_not_its_name(
    content: bytes, wanted: str, found: str
) -> None:
    with pytest.raises(FaultyRows) as refused:
        check_kind(content, wanted)
    assert found in str(refused.value.facts["faults"])


@pytest.mark.parametrize(
    ("content", "encoding", "cell"),
    [
        # Valid in both: what it is shown as first is changed by saying the encoding.
        ("a\ncafÃ©\n".encode("cp1252"), None, "café"),
        ("a\ncafÃ©\n".encode("cp1252"), "cp1252", "cafÃ©"),
        ("a\n“naïve” déjà vu – señor\n".encode("cp1252"), "cp1252", "“naïve”"),
        (b"a\n=cmd|' /C calc'!A0\n", None, "=cmd|' /C calc'!A0"),
    ],
)
def test_what_can_be_read_in_two_ways_is_read_as_the_requester_says(
    content: bytes, encoding: str | None, cell: str
) -> None:
    split = RowsSplitter().split(content, Wish("rows", 1, encoding=encoding), kept)
    assert next(iter(split.rows))[0].startswith(cell)


def test_each_kind_has_its_usual_split() -> None:
    named = {
        "t.csv": b"a\n",
        "b.txt": b"a\n",
        "a.json": b'[{"a": 1}]',
        "p": b"%PDF-",
        "i": PNG,
        "z": archive({"a.png": PNG}),
    }
    assert [usual_split(content, name) for name, content in named.items()] == [
        "rows",
        "paragraph",
        "rows",
        "page",
        "tile",
        "file",
    ]
