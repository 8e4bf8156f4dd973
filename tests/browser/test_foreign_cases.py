"""Every template and table of Turkle and of the AWS samples: it runs exactly as outside, or it is
refused with line and reason, as these tables say.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crowdloom.testkit.frames import task_frame
from crowdloom_local.acceptance.compare import without_protocol
from crowdloom_local.acceptance.filling import fill, press_submit
from crowdloom_local.acceptance.hosts import ForeignHosts
from crowdloom_local.acceptance.native import NativeServer, answer_natively, plain_page
from playwright.sync_api import Browser, BrowserContext
from task_service.domain.errors import FaultyRows, TemplateHasNoAnswerField
from task_service.domain.tables import read_table
from task_service.domain.templates import (
    Remark,
    RemarkCode,
    check_template,
    lint,
    needed_columns,
)

DATA = Path(__file__).parents[1] / "data"
TURKLE = DATA / "turkle"
# Template, table, and what somebody answers.
RUNS = [
    ("audio_transcription.html", "audio_transcription.csv", {"transcript": "well, yes"}),
    ("emotion_detection.html", "emotion_detection.csv", {"emotion": "Joy"}),
    ("image_contains.html", "image_contains.csv", {"answer": "Yes"}),
    ("ner_demo.html", "ner_demo.csv", {"annotations": '[{"sentence":0}]'}),
    ("span_highlighting.html", "span_highlighting.csv", {"spans": "[[0,6]]"}),
    ("translate_minimal.html", "translate_two_cities.csv", {"sentence_1": "Era el mejor"}),
    ("translate_validate.html", "translate_two_cities.csv", {"sentence_1": "Era el mejor"}),
    ("sentiment.html", "sentiment.csv", {"sentiment": "Positive"}),
    ("form_0.html", "form_0_vals.csv", {"tweet0_sentiment": "both", "tweet0_notlang": "on"}),
]
# Table, line and reason; None: it is read.
TABLES = [
    ("emoji.csv", None),
    ("form_1_vals.csv", None),
    ("form_1_vals_newline_ending.csv", None),
    ("variable_fields_per_row.csv", (2, "2 cells where the header has 3")),
    ("sentiment_bad.csv", (2, "3 cells where the header has 1")),
]


@pytest.fixture(scope="module")
def native() -> Iterator[NativeServer]:
    with NativeServer() as server:
        yield server


@pytest.fixture(scope="module")
def context(chromium: Browser, workplace: Any) -> Iterator[BrowserContext]:
    opened = chromium.new_context()
    ForeignHosts(None).guard(opened)
    workplace.sign_up(opened)
    yield opened
    opened.unroute_all(behavior="ignoreErrors")
    opened.close()


def text(name: str) -> str:
    return (TURKLE / name).read_bytes().decode("utf-8-sig")


def rows_of(template: str, table: str) -> list[dict[str, str]]:
    content = (TURKLE / table).read_bytes()
    return list(read_table(content, needed=needed_columns(template)).records())


def html_of_question() -> str:
    question = (DATA / "aws-samples" / "my_question.xml").read_text()
    found = re.search(r"<!\[CDATA\[\s*(.*)\]\]>", question, re.DOTALL)
    assert found
    return found[1]


def answered(
    context: BrowserContext, workplace: Any, template: str, row: dict[str, str], given: Any
) -> Any:
    item = workplace.item(template, row)
    page = workplace.open(context, item)
    page.locator("[data-next-at-once]").uncheck()
    frame = task_frame(page)
    fill(frame, given)
    press_submit(frame)
    page.wait_for_url("**/work/queue")
    page.close()
    return workplace.answer_of(item)


def runs() -> list[Any]:
    cases = [(name, text(name), rows_of(text(name), table)[0], said) for name, table, said in RUNS]
    cases.append(("my_question.xml", html_of_question(), {"n": "1"}, {"comment": "Fine"}))
    # As Turkle fills form_0.html in: a template that needs no table.
    filled = {"tweet0_sentiment": "both", "tweet0_notlang": "on"}
    cases.append(("form_0_filled.html", text("form_0_filled.html"), {}, filled))
    return [pytest.param(*case[1:], id=case[0]) for case in cases]


@pytest.mark.parametrize(("template", "row", "given"), runs())
def test_a_template_answers_as_outside(
    *,
    chromium: Browser,
    context: BrowserContext,
    workplace: Any,
    native: NativeServer,
    template: str,
    row: dict[str, str],
    given: dict[str, str],
) -> None:
    outside = chromium.new_context()
    ForeignHosts(None).guard(outside)
    posted, _, said = answer_natively(
        outside, native, plain_page(template, row), query={"turkSubmitTo": "x"}, recorded=given
    )
    outside.unroute_all(behavior="ignoreErrors")
    outside.close()
    assert posted is not None, said
    expected = [list(pair) for pair in without_protocol(posted)]
    assert answered(context, workplace, template, row, given) == expected
    assert any(value for _, value in expected)


@pytest.mark.parametrize(("table", "refusal"), TABLES)
def test_an_awkward_table_is_read_whole_or_refused_with_its_line(
    table: str, refusal: tuple[int, str] | None
) -> None:
    if refusal is None:
        assert rows_of("", table)
        return
    with pytest.raises(FaultyRows) as caught:
        rows_of("", table)
    fault = caught.value.facts["faults"][0]
    assert (fault["line"], fault["reason"]) == refusal


def test_a_table_of_other_columns_is_refused_by_the_column_that_lacks() -> None:
    with pytest.raises(FaultyRows) as caught:
        rows_of("${f1}${f2}", "mismatched_fields.csv")
    fault = caught.value.facts["faults"][0]
    assert (fault["line"], fault["column"]) == (1, "f1")


def test_a_template_that_asks_nothing_is_refused_and_the_check_names_the_line() -> None:
    with pytest.raises(TemplateHasNoAnswerField):
        check_template(text("form_1.html"))
    assert lint(text("form_1.html")) == [Remark(1, RemarkCode.NO_ANSWER_FIELD)]


def test_no_file_is_left_out() -> None:
    tried = {name for run in RUNS for name in run[:2]} | {name for name, _ in TABLES}
    here = {path.name for path in TURKLE.iterdir()}
    assert here - tried == {"form_0_filled.html", "form_1.html", "mismatched_fields.csv"}
