"""Elements of the crowd family, in the frame: by keyboard, and what they answer."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from crowdloom.testkit.frames import task_frame
from playwright.sync_api import BrowserContext, Frame, expect

pytestmark = pytest.mark.browser

PIXEL = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' "
    "width='200' height='100'%3E%3C/svg%3E"
)
LARGE = PIXEL.replace("'200'", "'4000'").replace("'100'", "'2000'")
SLIPPING_TAPS = """image => {
  const { left, top } = image.getBoundingClientRect();
  const at = (kind, x, y) => image.dispatchEvent(
    new PointerEvent(kind, { clientX: left + x, clientY: top + y, bubbles: true }));
  for (const [x, y] of [[30, 20], [90, 60]]) {
    at("pointerdown", x, y);
    at("pointermove", x + 1, y + 1);
    at("pointerup", x + 1, y + 1);
  }
  at("pointerdown", 5, 5);
  at("pointercancel", 80, 80);
  at("pointerup", 80, 80);
}"""


@pytest.fixture
def answer(context: BrowserContext, workplace: Any) -> Any:
    """Open a template, do something on it, submit; returns what was answered."""

    def answered(body: str, act: Callable[[Frame], None], *, flat: bool = False) -> Any:
        form = 'answer-format="flatten-objects"' if flat else ""
        item = workplace.item(f"<crowd-form {form}>{body}</crowd-form>")
        page = workplace.open(context, item)
        page.locator("[data-next-at-once]").uncheck()
        frame = task_frame(page)
        act(frame)
        frame.locator("#submitButton").click()
        page.wait_for_url("**/work/queue")
        page.close()
        return workplace.answer_of(item)

    return answered


FIELDS = (
    '<crowd-input name="i" label="Say" required></crowd-input>'
    '<crowd-slider name="s" min="1" max="9" value="3"></crowd-slider>'
    '<crowd-checkbox name="c" value="v">Yes</crowd-checkbox><input name="plain.name" value="p">'
)


def test_without_a_format_the_answer_is_one_field_of_typed_values(answer: Any) -> None:
    def fill(frame: Frame) -> None:
        frame.get_by_text("Yes").click()
        frame.get_by_role("slider").fill("7")
        frame.get_by_role("button", name="Begin again").click()  # as if nothing had been chosen
        expect(frame.locator("output")).to_have_text("3")
        frame.get_by_label("Say").fill("hello")

    [[name, value]] = answer(FIELDS + '<button type="reset">Begin again</button>', fill)
    assert name == "taskAnswers"
    assert json.loads(value) == [{"i": "hello", "s": 3, "c": {"v": False}, "plain.name": "p"}]


@pytest.mark.parametrize("element", ["crowd-classifier", "crowd-image-classifier"])
def test_a_classifier_asks_for_one_of_its_categories(answer: Any, element: str) -> None:
    body = (
        f'<{element} name="mood" header="Which?" categories="[\'Good\', \'Bad\']">'
        "<classification-target>Fine</classification-target>"
        '<full-instructions header="All rules">Be fair</full-instructions>'
        f"<short-instructions>Be quick</short-instructions></{element}>"
    )

    def choose(frame: Frame) -> None:
        assert not frame.get_by_text("Be fair").is_visible()
        frame.get_by_text("All rules").click()
        assert frame.get_by_text("Be fair").is_visible()
        frame.get_by_label("Good").press("ArrowDown")
        expect(frame.get_by_label("Bad")).to_be_checked()

    assert answer(body, choose, flat=True) == [["mood.label", "Bad"]]


def test_boxes_are_made_and_moved_by_keyboard_and_drawn_by_pointer(answer: Any) -> None:
    body = f'<crowd-bounding-box name="b" src="{PIXEL}" labels="[\'Cat\']"></crowd-bounding-box>'

    def mark(frame: Frame) -> None:
        frame.get_by_role("button", name="Add a box").press("Enter")
        frame.page.keyboard.press("ArrowRight")
        frame.page.keyboard.press("Shift+ArrowDown")
        edge = frame.locator(".crowd-image").bounding_box()
        assert edge
        frame.page.mouse.move(edge["x"] + 5, edge["y"] + 5)
        frame.page.mouse.down()
        frame.page.mouse.move(edge["x"] + 25, edge["y"] + 15, steps=3)
        frame.page.mouse.up()

    [[_, value]] = answer(body, mark)
    [found] = json.loads(value)
    first, second = found["b"]["boundingBoxes"]
    assert first == {"height": 52, "label": "Cat", "left": 52, "top": 25, "width": 100}
    assert (second["width"], second["height"]) == (20, 10)
    assert found["b"]["inputImageProperties"] == {"height": 100, "width": 200}


def test_outlines_and_boxes_are_set_by_clicks_or_keyboard_alone_and_mended(answer: Any) -> None:
    """No drag is needed anywhere: a box by two clicks, an outline point by point."""
    body = (
        f'<crowd-polygon name="p" src="{PIXEL}" labels="[\'Tree\']"></crowd-polygon>'
        f'<crowd-bounding-box name="b" src="{PIXEL}" labels="[\'Cat\']"></crowd-bounding-box>'
        f'<crowd-bounding-box name="g" src="{LARGE}" labels="[\'Dog\']"></crowd-bounding-box>'
    )

    def mark(frame: Frame) -> None:
        stage = frame.locator("crowd-polygon .crowd-stage")
        stage.focus()
        keys = [
            "Space",
            "ArrowRight",
            "Space",
            "Space",
            "Backspace",
            "Shift+ArrowDown",
            "Space",
            "Enter",
        ]
        for key in keys:
            stage.press(key)
        expect(frame.get_by_role("button", name="Change: Tree 1")).to_be_visible()
        image = frame.locator("crowd-polygon .crowd-image")
        for count, (x, y) in enumerate(((10, 10), (60, 10), (60, 50))):
            image.click(position={"x": x, "y": y}, force=True)
            expect(frame.locator(".crowd-vertex")).to_have_count(count + 1)
        image.click(position={"x": 12, "y": 11}, force=True)
        frame.get_by_role("button", name="Change: Tree 2").click()
        frame.page.keyboard.press("Shift+ArrowRight")
        frame.get_by_role("button", name="Point 3").click()
        image.click(position={"x": 90, "y": 80}, force=True)
        box = frame.locator("crowd-bounding-box[name=b] .crowd-image")
        box.click(position={"x": 30, "y": 20})
        box.click(position={"x": 50, "y": 60})
        large = frame.locator("crowd-bounding-box[name=g]")
        large.get_by_role("button", name="Add a box").press("Enter")
        large.get_by_role("button", name="Remove: Dog 1").press("Enter")
        expect(large.get_by_role("combobox")).to_be_focused()
        large.locator(".crowd-image").evaluate(SLIPPING_TAPS)

    [[_, value]] = answer(body, mark)
    [found] = json.loads(value)
    outlines = [
        [(one["x"], one["y"]) for one in outline["vertices"]] for outline in found["p"]["polygons"]
    ]
    assert outlines[0] == [(100, 50), (104, 50), (104, 51)]
    # A click may fall between two pixels.
    clicked = [(11, 10), (60, 10), (90, 80)]
    assert [pytest.approx(point, abs=1) for point in clicked] == outlines[1]
    assert {outline["label"] for outline in found["p"]["polygons"]} == {"Tree"}
    assert found["p"]["inputImageProperties"] == {"height": 100, "width": 200}
    assert "begun" not in found["p"], "that is for the draft alone"
    [box] = found["b"]["boundingBoxes"]
    assert (box["label"], box["width"], box["height"]) == ("Cat", 20, 40)
    [tapped] = found["g"]["boundingBoxes"]
    assert tapped["width"] > 40, "two taps are two corners, however a finger slips"


def test_things_are_put_in_order_by_buttons_and_a_recording_is_steered_by_keys(
    context: BrowserContext, workplace: Any
) -> None:
    items = "".join(
        f'<div><span>{name}</span><input type="hidden" name="place_{number}"></div>'
        for number, name in enumerate(("Ash", "Birch", "Cedar"), 1)
    )
    item = workplace.item(
        f'<crowd-ranking>{items}</crowd-ranking><label>Say <input name="said"></label>'
        '<crowd-waveform><audio preload="auto" src="/frame/samples/tones.wav"></audio>'
        "</crowd-waveform>"
    )
    page = workplace.open(context, item)
    page.locator("[data-next-at-once]").uncheck()
    frame = task_frame(page)
    frame.get_by_role("button", name="Up: Cedar").press("Enter")
    with page.expect_response("**/draft") as kept:
        page.keyboard.press("Enter")
    assert kept.value.ok
    page.reload()
    frame = task_frame(page)
    frame.locator(".crowd-rank").first.get_by_text("Cedar").wait_for()
    frame.locator(".crowd-track img").wait_for()
    frame.get_by_text("0:00 / 0:04").wait_for()
    frame.get_by_role("slider").press("End")
    frame.get_by_text("0:04 / 0:04").wait_for()
    frame.get_by_label("Say").press("Alt+b")
    frame.get_by_text("0:01 / 0:04").wait_for()
    assert frame.get_by_label("Say").input_value() == ""
    frame.locator("#submitButton").click()
    page.wait_for_url("**/work/queue")
    page.close()
    assert workplace.answer_of(item) == [
        ["place_3", "1"],
        ["place_1", "2"],
        ["place_2", "3"],
        ["said", ""],
    ]


def test_spans_are_marked_by_keyboard(answer: Any) -> None:
    body = (
        '<crowd-entity-annotation name="e" text="Ada 😀 Lovelace wrote"'
        ' labels="[{&quot;label&quot;: &quot;person&quot;}, {&quot;label&quot;: &quot;act&quot;}]">'
        "</crowd-entity-annotation>"
    )

    def mark(frame: Frame) -> None:
        frame.locator(".crowd-text").focus()
        for key in ("Shift+ArrowRight", "Shift+ArrowRight", "1"):
            frame.locator(".crowd-text").press(key)
        expect(frame.locator(".crowd-marks li")).to_have_count(1)
        # As a Persian keyboard has it in the place of 2.
        for key, code in (("ArrowRight", "ArrowRight"), ("۲", "Digit2")):
            frame.locator(".crowd-text").dispatch_event("keydown", {"key": key, "code": code})
        expect(frame.locator(".crowd-marks li")).to_have_count(2)
        frame.get_by_role("button", name="1 person").click()  # nothing is selected by now
        expect(frame.get_by_role("status")).to_contain_text("Select with the pointer")

    [[name, value]] = answer(body, mark, flat=True)
    assert name == "e.entities"
    assert json.loads(value) == [
        {"endOffset": 15, "label": "person", "startOffset": 0},
        {"endOffset": 21, "label": "act", "startOffset": 16},
    ]


PLAIN_CHOICES = (
    '<label><input type="radio" name="likert" value="agree">Agree</label>'
    '<label><input type="radio" name="likert" value="disagree">Disagree</label>'
    '<label><input type="checkbox" name="odd">Odd</label>'
)


def test_plain_radio_buttons_and_checkboxes_say_of_each_choice_whether_it_was_made(
    answer: Any,
) -> None:
    def agree(frame: Frame) -> None:
        frame.get_by_label("Agree", exact=True).check()

    assert answer(PLAIN_CHOICES, agree, flat=True) == [
        ["likert.agree", "true"],
        ["likert.disagree", "false"],
        ["odd.on", "false"],
    ]
    [[_name, value]] = answer(PLAIN_CHOICES, agree)
    assert json.loads(value) == [
        {"likert": {"agree": True, "disagree": False}, "odd": {"on": False}}
    ]


def test_a_draft_puts_marks_and_choices_back(context: BrowserContext, workplace: Any) -> None:
    item = workplace.item(
        '<crowd-form><crowd-checkbox name="c" value="v">Yes</crowd-checkbox>'
        '<crowd-entity-annotation name="e" text="one two" labels="[\'x\']">'
        f'</crowd-entity-annotation><crowd-polygon name="p" src="{PIXEL}" labels="[\'Tree\']">'
        "</crowd-polygon></crowd-form>"
    )
    page = workplace.open(context, item)
    frame = task_frame(page)
    frame.get_by_text("Yes").click()
    frame.locator(".crowd-image").click(position={"x": 20, "y": 20}, force=True)
    frame.locator(".crowd-text").press("1")
    with page.expect_response("**/draft") as kept:
        frame.locator(".crowd-text").press("ArrowRight")
    assert kept.value.ok
    page.reload()
    frame = task_frame(page)
    frame.locator("mark", has_text="one").wait_for()
    assert frame.locator("crowd-checkbox input[type=checkbox]").is_checked()
    expect(frame.locator(".crowd-vertex")).to_have_count(1)  # of an outline that is only begun
    page.close()
