"""Files beside an exception: what is taken, what is refused, and how they come back."""

import io
from typing import Any

import pytest
from payment_service.application.book_lines import BookLines
from payment_service.domain.evidence import EvidenceRefused, media_type_of, plain_name

LETTER = b"%PDF-1.7 the bank's letter"


@pytest.fixture
def waiting(market: Any) -> str:
    """An exception that waits for somebody."""
    BookLines(market.application.store)([market.make.charge("", 500)])
    return str(market.checker.get("/exceptions").json["items"][0]["exception_id"])


def test_a_file_is_kept_once_noted_in_the_log_and_comes_back_as_a_download(
    market: Any, waiting: str, browsing: Any
) -> None:
    page = browsing("staff", "stf_maker", "finance.maker")
    path = f"/finance/exceptions/{waiting}"
    for _ in range(2):
        sent = {"file": (io.BytesIO(LETTER), "..\\Brief der Bank.pdf"), "text": "They say so"}
        assert page.post(f"{path}/files", data=sent).status_code == 303
    (file,) = market.checker.get(f"/exceptions/{waiting}/files").json["items"]
    assert (file["media_type"], file["length"]) == ("application/pdf", len(LETTER))
    shown = page.get(path).text
    assert shown.count("They say so") == 1
    assert f"{path}/files/{file['file_id']}" in shown
    answer = page.get(f"{path}/files/{file['file_id']}")
    assert answer.data == LETTER
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == "attachment; filename*=UTF-8''Brief%20der%20Bank.pdf"
    acts = market.checker.get("/audit/acts", what="exception.evidence").json["items"]
    assert [(act["who"], act["subject"]) for act in acts] == [("stf_maker", waiting)]
    other = market.checker.get(f"/exceptions/exc_other/files/{file['file_id']}")
    assert other.status_code == 404, "a digest opens nothing of another exception"


def test_what_is_no_evidence_is_refused_by_its_bytes_whatever_it_is_called(
    market: Any, waiting: str, browsing: Any
) -> None:
    page = browsing("staff", "stf_maker", "finance.maker")
    sent = {"file": (io.BytesIO(b"MZ\x00\x01"), "letter.pdf")}
    answer = page.post(f"/finance/exceptions/{waiting}/files", data=sent, follow_redirects=True)
    assert "Send a PDF" in answer.text
    refusal = page.post(f"/api/payments/v1/exceptions/{waiting}/files", data={"text": "x"})
    assert refusal.json["code"] == "invalid_input"
    assert market.checker.get(f"/exceptions/{waiting}/files").json["items"] == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"PK\x03\x04 a zip", "kind"), (b"x" * 5_242_881, "too_large")],
)
def test_empty_large_and_unknown_files_say_why(content: bytes, reason: str) -> None:
    with pytest.raises(EvidenceRefused) as refusal:
        media_type_of(content)
    assert refusal.value.facts["reason"] == reason


def test_text_and_a_workbook_are_known_by_their_bytes_and_names_lose_their_folders() -> None:
    assert media_type_of("\ufeffa,b\n1,é\n".encode()) == "text/plain"
    assert "spreadsheetml" in media_type_of(b"PK\x03\x04 xl/workbook.xml")
    assert (plain_name("C:\\a/b.txt"), plain_name("\r\n..")) == ("b.txt", "file")
