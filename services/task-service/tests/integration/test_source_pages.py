"""Files of every kind on the pages: looked at, mended, confirmed; refused with a reason."""

import csv
import io
import re
import wave
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook
from PIL import Image
from pypdf import PdfWriter
from task_service.bootstrap import Application

TERMS = {"redundancy": "3", "reward": "0.05", "lease_minutes": "10", "auto_accept_days": "3"}
FAULTY = b"sentence,note\nfine,a\nno, comma here,b\nshort\nalso fine,c\n"


@pytest.fixture
def draft(requester: Any) -> str:
    """The address of a draft without tasks."""
    return f"/requester/batches/{requester.batch()['batch_id']}"


def upload(browser: Any, draft: str, content: bytes, name: str) -> Any:
    return browser.client.post(
        f"{draft}/table",
        data={"table": (io.BytesIO(content), name), "idempotency_key": name + str(len(content))},
        content_type="multipart/form-data",
    )


def looked_at(browser: Any, draft: str, content: bytes, name: str) -> tuple[str, str]:
    """The page of a file that is not taken at once: its address and its text."""
    answer = upload(browser, draft, content, name)
    assert answer.status_code == 303, answer.text
    return answer.location, browser.read(answer.location)


def action(page: str, step: str) -> str:
    found = re.search(rf'action="([^"]+/{step}\?[^"]*)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def tasks(application: Application) -> int:
    return sum(row["count"] for row in application.database["tasks"].find())


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (1_500, 900), "teal").save(file, "PNG")
    return file.getvalue()


def recording() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 2_000, 0, "NONE", ""))
        sound.writeframes(b"\0\0" * 2_000 * 40)
    return file.getvalue()


def pages(password: str | None = None) -> bytes:
    writer = PdfWriter()
    for _ in range(3):
        writer.add_blank_page(200, 200)
    if password:
        writer.encrypt(password)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def archive(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(name, content)
    return file.getvalue()


def workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["sentence"])
    book.active.append(["It rained."])
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "read_as"),
    [
        ("a.csv", "sentence;note\nOlá;x\n".encode("cp1252"), "semicolon"),
        ("a.tsv", "sentence\tnote\nOlá\tx\n".encode("utf-16"), "UTF-16"),
        ("a.jsonl", b'{"sentence": "It rained."}\n', "Rows of a table"),
        ("a.xlsx", workbook(), "Rows of a table"),
    ],
)
def test_tables_of_every_kind_become_tasks_and_the_draft_says_how_they_were_read(
    browser: Any, draft: str, name: str, content: bytes, read_as: str
) -> None:
    answer = upload(browser, draft, content, name)
    assert answer.location == draft
    page = browser.read(draft)
    assert "Row 1 of 1" in page
    assert read_as in page
    again = re.search(r'href="([^"]+/file/[^"]+)"', page)
    assert again
    assert "Read it so" in browser.read(again[1].replace("&amp;", "&"))


@pytest.mark.parametrize(
    ("name", "content", "words", "count"),
    [
        ("a.txt", b"One. Two.\n\nThree.\n", "Paragraphs", 2),
        ("a.pdf", pages(), "Pages", 3),
        ("a.png", picture(), "<img src=", 2),
        ("a.wav", recording(), "<audio controls", 2),
        ("a.zip", archive("one.png", picture()), "Files of the ZIP", 1),
    ],
)
def test_a_whole_is_shown_in_pieces_and_split_once_it_is_confirmed(
    browser: Any,
    application: Application,
    draft: str,
    name: str,
    content: bytes,
    words: str,
    count: int,
) -> None:
    _, page = looked_at(browser, draft, content, name)
    assert words in page
    assert "Piece 1" in page
    assert tasks(application) == 0
    assert f"Row 1 of {count}" in browser.follow(action(page, "give"), seen="")
    assert "The batch has another file" not in page
    pieces = re.findall(r"/requester/files/\w+", page)
    assert all(browser.client.get(piece).status_code == 200 for piece in pieces)


def test_another_way_to_split_is_tried_by_address_and_odd_sizes_are_told_of(
    browser: Any, draft: str
) -> None:
    address, _page = looked_at(browser, draft, b"One. Two.\n\nThree.\n", "a.txt")
    file = address.partition("?")[0]
    assert "3 tasks" in browser.read(f"{file}?name=a.txt&by=sentence&was=paragraph&size=2")
    assert "1 task<" in browser.read(f"{file}?name=a.txt&by=sentence&was=sentence&size=9")
    for size in ("0", "x", "²", "99999999"):
        assert "Write a whole number" in browser.read(f"{file}?by=sentence&size={size}")
    assert "Write a whole number" in browser.read(f"{file}?by=words&overlap=-1")
    assert "cannot be read so" in browser.read(f"{file}?by=tile")
    assert "Paragraphs" in browser.read(f"{file}?by=nonsense&encoding=&delimiter=ab")
    assert "no encoding" in browser.read(f"{file}?encoding=nonsense")


def test_faulty_rows_are_red_and_mended_filled_or_left_out_before_anything_is_made(
    browser: Any, application: Application, draft: str
) -> None:
    _, page = looked_at(browser, draft, FAULTY, "rows.csv")
    assert "2 of 4 rows have a fault" in page
    assert page.count('<tr class="faulty">') == 2
    assert "3 cells where the header has 2: an unquoted comma?" in page
    assert "Make " not in page

    answer = browser.send(
        action(page, "mend"),
        **{"cell-3-0": "no, comma here", "cell-3-1": "b", "cell-3-2": "", "cell-4-0": "short"},
    )
    page = browser.read(answer.location)
    assert "1 of 4 rows has a fault" in page or "1 of 4 row has a fault" in page
    assert tasks(application) == 0

    page = browser.read(browser.send(action(page, "mend"), skip="4").location)
    assert "3 tasks" in page
    assert "Row 1 of 3" in browser.follow(action(page, "give"), seen="")


def test_every_row_of_a_long_table_is_shown_page_by_page_and_faulty_ones_first(
    browser: Any, draft: str
) -> None:
    lines = [f"Sentence {number},x" for number in range(1, 451)]
    lines[429] = "Sentence 430,x,more"
    table = "\n".join(["sentence,note", *lines]).encode()
    address, page = looked_at(browser, draft, table, "rows.csv")
    assert "Rows 1 to 200 of 450. Rows with a fault are all on this page." in page
    assert "Sentence 430<" in page or 'value="Sentence 430"' in page
    assert "Sentence 201<" not in page
    later = browser.read(f"{address}&page=2")
    assert "Sentence 201<" in later
    assert "Sentence 200<" not in later
    last = browser.read(f"{address}&page=99999999999999999999")
    assert "Rows 401 to 450 of 450." in last
    assert 'value="Sentence 430"' in last


def test_missing_cells_are_empty_where_the_requester_says_so(browser: Any, draft: str) -> None:
    _, page = looked_at(browser, draft, b"sentence,note\nshort\n", "rows.csv")
    page = browser.read(browser.send(action(page, "mend"), fill="2").location)
    assert "1 task<" in page


def test_a_column_gets_the_name_that_the_template_needs(browser: Any, draft: str) -> None:
    _, page = looked_at(browser, draft, b"text\nIt rained.\n", "rows.csv")
    assert "sentence: The template needs this column" in page
    answer = browser.send(action(page, "mend"), **{"cell-1-0": "sentence", "cell-7-3": "nowhere"})
    assert "1 task<" in browser.read(answer.location)


def test_only_the_faulty_rows_are_downloaded_with_their_reasons(browser: Any, draft: str) -> None:
    address, _ = looked_at(browser, draft, FAULTY, "rows.csv")
    file, _, query = address.partition("?")
    answer = browser.client.get(f"{file}/faulty.csv?{query}")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["sentence", "note", "", "reason"]
    assert rows[1][:3] == ["no", " comma here", "b"]
    assert rows[2][3] == "1 cells where the header has 2: one is missing"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"<!doctype html><html><body>no", "A file of this kind cannot be split"),
        ("a.mp3", b"\0\0\0\x18ftypmp42" + bytes(64), "A file of this kind cannot be split"),
        ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(64), "A file of this kind cannot be split"),
        ("a.csv", b"", "The file is empty"),
    ],
)
def test_a_file_that_cannot_be_split_is_refused_at_the_form(
    browser: Any, application: Application, draft: str, name: str, content: bytes, reason: str
) -> None:
    answer = upload(browser, draft, content, name)
    assert answer.status_code == 422
    assert reason in answer.text
    assert tasks(application) == 0


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b'sentence\n"open\n', "Line 2: A quote is opened and never closed"),
        ("a.csv", b"sentence\na\0b\n", "Contains a NUL byte"),
        ("a.jsonl", b'{"sentence": "x"}\nno\n', "Line 2: Not a JSON object"),
        ("a.pdf", pages("secret"), "The PDF is locked with a password"),
        ("a.pdf", b"%PDF-1.7 nothing", "The PDF cannot be read"),
        ("a.png", b"\x89PNG\r\n\x1a\nno", "The image cannot be read"),
        ("a.flac", b"fLaCno", "The recording cannot be read"),
        ("a.zip", b"PK\x03\x04no", "The ZIP file cannot be read"),
        ("a.zip", archive("../x.png", picture()), "leads out of the ZIP file"),
        ("a.zip", archive("x.exe", b"MZ"), "x.exe is no image"),
        ("a.txt", b"\n \n", "The file has no words"),
    ],
)
def test_what_cannot_be_read_says_why_and_offers_nothing_to_confirm(
    browser: Any, application: Application, draft: str, name: str, content: bytes, reason: str
) -> None:
    address, page = looked_at(browser, draft, content, name)
    assert reason in page
    assert "/give?" not in page
    file, _, query = address.partition("?")
    assert "Nothing was created" in browser.sent(f"{file}/give?{query}", 422, seen="")
    assert tasks(application) == 0


def test_a_new_batch_with_faulty_rows_keeps_the_file_and_mends_it_in_a_draft(
    browser: Any, requester: Any, application: Application
) -> None:
    new = f"/requester/projects/{requester.project()['project_id']}/batches/new"
    page = browser.sent(new, 422, table=FAULTY, **TERMS)
    kept = re.search(r'name="kept" value="(\w+)"', page)
    assert kept
    fields = {"kept": kept[1], "name": "rows.csv", **TERMS}
    assert "2 faults" in browser.sent(new, 422, **fields)
    assert application.database["batches"].count_documents({}) == 0
    assert "Rows to mend" in browser.follow(new, mend="1", **fields)


def test_a_script_that_shows_the_upload_is_told_where_to_go(browser: Any, draft: str) -> None:
    answer = browser.client.post(
        f"{draft}/table",
        data={"table": (io.BytesIO(b"sentence\nx\n"), "a.csv"), "idempotency_key": "k"},
        headers={"X-Upload-Progress": "1"},
    )
    assert answer.json == {"location": draft}


def test_another_tabs_table_is_not_replaced_by_a_confirmation(browser: Any, draft: str) -> None:
    _, page = looked_at(browser, draft, b"One.\n\nTwo.\n", "a.txt")
    upload(browser, draft, b"sentence\nx\n", "a.csv")
    assert "In another tab" in browser.sent(action(page, "give"), 409, seen="")
    assert "Row 1 of 1" in browser.read(draft)


def test_a_published_batch_keeps_its_tasks(browser: Any, requester: Any) -> None:
    draft = f"/requester/batches/{requester.batch_with_tasks()['batch_id']}"
    _, page = looked_at(browser, draft, b"One.\n\nTwo.\n", "a.txt")
    browser.send(f"{draft}/publish")
    assert "its table stays" in browser.follow(action(page, "give"))


def test_files_and_drafts_of_others_are_not_there(
    browser: Any, other_browser: Any, draft: str
) -> None:
    address, page = looked_at(browser, draft, picture(), "a.png")
    digest = address.partition("?")[0].rpartition("/")[2]
    other_browser.read(address, 404)
    other_browser.read(f"/requester/files/{digest}", 404)
    other_browser.sent(action(page, "give"), 404)
    other_browser.sent(action(page, "give").replace("/give", "/mend"), 404)
