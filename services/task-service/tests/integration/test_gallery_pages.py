"""The gallery of templates: found, looked at on their own rows, and taken."""

import csv
import io
from typing import Any

from task_service.domain.templates import needed_columns
from task_service.entrypoints.pages import starters

GALLERY = "/requester/templates"
FRAME = "/requester/frame/templates"


def test_templates_are_found_by_what_one_does_with_what_and_by_words(browser: Any) -> None:
    everything = browser.read(GALLERY)
    assert all(f"{GALLERY}/{one.name}" in everything for one in starters.offered())
    marked = browser.read(f"{GALLERY}?kind=mark&medium=image&text=POINT")
    assert f"{GALLERY}/image_polygons" in marked
    assert f"{GALLERY}/image_boxes" not in marked
    assert "No template fits" in browser.read(f"{GALLERY}?text=nothing like it")


def test_every_template_is_shown_on_each_of_its_rows_with_what_comes_back(
    browser: Any, words: Any
) -> None:
    for one in starters.offered():
        page = browser.read(f"{GALLERY}/{one.name}?row=2&scheme=dark&direction=rtl&width=phone")
        assert f"{FRAME}/{one.name}?row=2&amp;scheme=dark&amp;direction=rtl" in page
        assert "What comes back" in page
        rows = list(starters.sample_of(one.name).records())
        for number, row in enumerate(rows, 1):
            frame = browser.read(f"{FRAME}/{one.name}?row={number}&scheme=dark&direction=rtl")
            assert 'data-scheme="dark" data-direction="rtl"' in frame
            assert all(value in frame for value in row.values() if '"' not in value)
            assert "${" not in frame.partition("-->")[2]
    assert "one of: positive , negative , neither" in words(
        browser.read(f"{GALLERY}/classification")
    )


def test_a_quote_in_a_row_does_not_end_the_attribute_it_stands_in(browser: Any) -> None:
    assert "&quot;Royal Society&quot;" in browser.read(f"{FRAME}/text_spans")


def test_sample_rows_are_a_table_that_the_template_takes(browser: Any) -> None:
    for one in starters.offered():
        answer = browser.client.get(f"{GALLERY}/{one.name}/sample.csv")
        assert answer.headers["Content-Disposition"] == f"attachment; filename={one.name}.csv"
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert set(rows[0]) == set(needed_columns(starters.template_of(one.name) or ""))
        assert len(rows) > 2


def test_samples_are_there_for_any_frame_and_recordings_have_a_picture(visitor: Any) -> None:
    samples = {
        cell
        for one in starters.offered()
        for row in starters.sample_of(one.name).rows
        for cell in row
        if cell.startswith("/frame/samples/")
    }
    assert len(samples) == 6
    for address in samples:
        answer = visitor.client.get(address, buffered=True)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    picture = visitor.client.get("/frame/samples/tones.wav/wave.svg")
    assert picture.mimetype == "image/svg+xml"
    assert picture.text.count("M") == 400
    assert visitor.client.get("/frame/samples/..%2Froutes.py/wave.svg").status_code == 404
    assert visitor.client.get("/frame/samples/garden.svg/wave.svg").status_code == 422


def test_a_template_that_is_not_on_offer_is_not_there(browser: Any) -> None:
    for path in (f"{GALLERY}/none", f"{GALLERY}/none/sample.csv", f"{FRAME}/..%2Fnone"):
        browser.read(path, 404)


def test_a_recording_of_a_batch_has_its_picture_behind_its_address(
    browser: Any, requester: Any, visitor: Any
) -> None:
    project = requester.project(template_html=starters.template_of("transcription"))
    batch = requester.batch(project["project_id"])
    sample = visitor.client.get("/frame/samples/tones.wav", buffered=True).data
    requester.post(f"/batches/{batch['batch_id']}/source?by=seconds:30", data=sample)
    frame = browser.read(f"/requester/frame/batches/{batch['batch_id']}/1")
    for beyond in (0, 99, 10**21):
        browser.read(f"/requester/frame/batches/{batch['batch_id']}/{beyond}", 404)
    address = frame.partition('<audio controls preload="metadata" src="')[2].partition('"')[0]
    picture = visitor.client.get(f"{address}/wave.svg")
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert visitor.client.get("/frame/files/forged/wave.svg").status_code == 404
