"""Split, then merge with every piece answered by itself: the identity, whatever the text."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from task_service.adapters import encodings
from task_service.adapters.text_splitters import RowsSplitter, TextSplitter
from task_service.domain.errors import FaultyRows
from task_service.domain.splitting.pieces import PieceAnswer, Split, Wish
from task_service.domain.splitting.wishes import parse_wish

texts = st.text(
    st.sampled_from("ab. !?\n\r\t,;\"'’سلام؟۔😀👩🏽é\u200c\u2028\x1c\ufeff"), max_size=300
)
cells = st.text(st.sampled_from('ab ,;"\n\rس😀='), max_size=8)
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=20)
ends = st.sampled_from(["\n", "\r\n"])


def keep(_content: bytes, _media_type: str) -> str:
    raise AssertionError("texts keep no files")


def themselves(split: Split) -> list[PieceAnswer | None]:
    """Every piece answered with its own cells."""
    return [PieceAnswer(dict(zip(split.columns, row, strict=True))) for row in split.rows]


def whole(splitter: TextSplitter | RowsSplitter, content: bytes, wish: Wish) -> bytes:
    split = splitter.split(content, wish, keep)
    return b"".join(splitter.merge(content, split.recipe, themselves(split)).content)


@pytest.mark.parametrize("kind", ["paragraph", "sentence", "words"])
@settings(max_examples=120, deadline=None)
@given(text=texts, size=st.integers(1, 4), language=st.sampled_from(["en", "fa", "fr"]))
def test_a_text_is_itself_again(kind: str, text: str, size: int, language: str) -> None:
    content = f"x{text}".encode()
    assert whole(TextSplitter(), content, Wish(kind, size, 0, language)) == content


@pytest.mark.parametrize("kind", ["paragraph", "sentence", "words"])
@settings(max_examples=60, deadline=None)
@given(text=texts, encoding=st.sampled_from(["utf-8", "utf-16-le"]), block=st.integers(1, 9))
def test_a_text_is_split_alike_in_whatever_stretches_it_is_read(
    kind: str, text: str, encoding: str, block: int
) -> None:
    content, wish = f"x{text}".encode(encoding), Wish(kind, 2, 1, "en", encoding)
    at_once = TextSplitter().split(content, wish, keep)
    with pytest.MonkeyPatch.context() as short:
        short.setattr(encodings, "BLOCK_BYTES", block)
        assert TextSplitter().split(content, wish, keep) == at_once
        assert whole(TextSplitter(), content, wish) == content


def test_one_rare_letter_makes_a_text_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "BLOCK_BYTES", 20_000)
    plain = ("A line of a book.\n" * 40 + "\n") * 1_400

    def peak(text: str) -> int:
        content = text.encode()
        tracemalloc.start()
        try:
            whole(TextSplitter(), content, Wish("paragraph", 10))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(plain + "🧵") < 1.3 * peak(plain + "x")


@settings(max_examples=120, deadline=None)
@given(rows=tables, end=ends, final=st.booleans(), size=st.integers(1, 5))
def test_a_table_is_itself_again(
    rows: list[tuple[str, str]], end: str, final: bool, size: int
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("a", "b"), *rows, ("last", "1")])
    written = text.getvalue().replace("\r\n", end)
    content = (written if final else written.removesuffix(end)).encode()
    assert whole(RowsSplitter(), content, Wish("rows", size)) == content


def test_a_first_line_that_names_the_delimiter_for_excel_is_no_header() -> None:
    content = b"sep=;\r\na;b\r\n1,2;3\r\n"
    split = RowsSplitter().split(content, Wish("rows", 1), keep)
    assert (split.columns, split.rows) == (("a", "b"), [("1,2", "3")])
    assert whole(RowsSplitter(), content, Wish("rows", 1)) == content


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_the_encoding_and_its_mark_come_back(encoding: str) -> None:
    text = "Naïve café — it’s a “résumé”.\r\n\r\nDéjà vu, voilà: l’été à la plage, garçon."
    content = text.encode(encoding)
    if encoding == "utf-16-be":
        content = b"\xfe\xff" + content
    assert whole(TextSplitter(), content, Wish("paragraph", 1)) == content


def test_sentences_are_cut_by_the_rules_of_their_language() -> None:
    text = "Dr. Fir came at 5 p.m. yesterday. It rained!  Who knew? سلام. خوبی؟"
    split = TextSplitter().split(text.encode(), Wish("sentence", 1), keep)
    assert [row[0] for row in split.rows][1:] == ["It rained!", "Who knew?", "سلام.", "خوبی؟"]
    assert split.rows[0][0] == "Dr. Fir came at 5 p.m. yesterday."


def test_words_come_with_what_stands_around_them() -> None:
    split = TextSplitter().split(b"one two three four five", Wish("words", 2, 1), keep)
    assert split.rows == [
        ("one two", "", "three"),
        ("three four", "two", "five"),
        ("five", "four", ""),
    ]


def test_a_piece_that_is_missing_or_contested_is_marked_and_nothing_is_dropped() -> None:
    text = "One.\n\nTwo.\r\n\r\nThree.\n"
    split = TextSplitter().split(text.encode(), Wish("paragraph", 1), keep)
    answers = [PieceAnswer({"t": "Eins."}), None, PieceAnswer({"t": "Drei."}, contested=True)]
    merged = TextSplitter().merge(text.encode(), split.recipe, answers)
    assert b"".join(merged.content).decode() == (
        "Eins.\n\n⟦missing 2⟧Two.⟦end 2⟧\r\n\r\n⟦contested 3⟧Drei.⟦end 3⟧\n"
    )
    assert (merged.missing, merged.contested) == ((2,), (3,))


def test_an_answer_replaces_a_cell_or_adds_a_column_and_a_missing_group_says_so() -> None:
    content = b'id;name\r\n1;"a\nb"\r\n2;c\n3;d'
    split = RowsSplitter().split(content, Wish("rows", 2), keep)
    assert split.columns == ("id_1", "name_1", "id_2", "name_2")
    known = RowsSplitter().split(b"gold:name,id\nx,1\n", Wish("rows", 1), keep)
    assert known.main_column == "id", "it may be shown under the template's name"
    answers = [PieceAnswer({"name_2": "C;", "kind_1": "x"}), None]
    merged = RowsSplitter().merge(content, split.recipe, answers)
    assert b"".join(merged.content) == (
        b'id;name;kind;crowdloom.status\r\n1;"a\nb";x;\r\n2;"C;";;\n3;d;;missing'
    )


@pytest.mark.parametrize(
    ("content", "kind", "line", "reason"),
    [
        (b"", "paragraph", 1, "no words"),
        (b" \n\n ", "sentence", 1, "no words"),
        (b"a\nb\x00", "paragraph", 2, "NUL"),
        (b"", "rows", 1, "empty"),
        (b"a,b\n1,2\n3\n", "rows", 3, "1 cells where the header has 2"),
        (b'a\n"open\n', "rows", 2, "never closed"),
    ],
)
def test_a_whole_that_cannot_be_split_is_refused_with_its_line(
    content: bytes, kind: str, line: int, reason: str
) -> None:
    splitter = RowsSplitter() if kind == "rows" else TextSplitter()
    with pytest.raises(FaultyRows) as refused:
        splitter.split(content, Wish(kind, 1), keep)
    [fault] = refused.value.facts["faults"]  # type: ignore[misc]
    assert fault["line"] == line
    assert reason in fault["reason"]


@pytest.mark.parametrize("by", ["", "chapter", "rows:", "rows:0", "rows:x", "rows:7.5", "rows:-1"])
def test_a_wish_that_nobody_can_grant_is_refused(by: str) -> None:
    if by == "rows:":
        assert parse_wish(by).size == 1
        return
    with pytest.raises(Exception, match=r"Split by one of|The size of"):
        parse_wish(by)
