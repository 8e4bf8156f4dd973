"""Results as annotations: the W3C's model and COCO, with the places that were marked."""

import json
from typing import Any

import pytest

TABLE = b"image_url,text\nhttps://example.org/cat.png,A cat sat.\n"
BOX = {"label": "Cat", "left": 3, "top": 4, "width": 10, "height": 20}
TRIANGLE = {"label": "Ear", "vertices": [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 0, "y": 6}]}
SPAN = {"label": "animal", "startOffset": 2, "endOffset": 5}
ANSWER = [
    ["m.boundingBoxes", json.dumps([BOX, {"label": "half", "left": 1}])],
    ["m.polygons", json.dumps([TRIANGLE, "nonsense"])],
    ["m.inputImageProperties", json.dumps({"width": 640, "height": 480})],
    ["t.entities", json.dumps([SPAN])],
    ["note", "“Sweet” <b>"],
]


@pytest.fixture
def batch(requester: Any, open_batch: Any, hand_out: Any) -> Any:
    """Two answers; the second one is rejected."""
    project = requester.project(template_html="<p>${image_url}</p><input name=note>")
    batch = open_batch(requester, table=TABLE, redundancy=2, project_id=project["project_id"])
    hand_out(requester, batch, assignment=1).submit(ANSWER)
    refused = hand_out(requester, batch, assignment=2).submit([["note", "bad"]]).json
    requester.post(f"/submissions/{refused['submission_id']}/reject", {"reason": "Empty."})
    return batch


def _read(requester: Any, batch: Any, kind: str) -> Any:
    answer = requester.get(f"/batches/{batch['batch_id']}/results?format={kind}")
    assert answer.status_code == 200
    return json.loads(answer.data)


def test_web_annotations_carry_what_was_marked_and_what_was_said(
    requester: Any, batch: Any
) -> None:
    page = _read(requester, batch, "w3c")
    assert page["type"] == "AnnotationPage"
    box, triangle, size, span, note = page["items"]
    assert box["target"]["source"] == "https://example.org/cat.png"
    assert box["target"]["selector"]["value"] == "xywh=pixel:3,4,10,20"
    assert box["body"]["value"] == "Cat"
    assert triangle["target"]["selector"]["value"] == ('<svg><polygon points="0,0 4,0 0,6"/></svg>')
    assert size["motivation"] == "describing"
    assert span["target"]["selector"] == {"type": "TextPositionSelector", "start": 2, "end": 5}
    assert note["body"]["value"] == "“Sweet” <b>"
    assert {one["creator"]["nickname"] for one in page["items"]} == {"A7F3K9Q2MC41TM08D"}
    assert len({one["id"] for one in page["items"]}) == 5


def test_coco_has_each_image_once_with_its_boxes_and_outlines(requester: Any, batch: Any) -> None:
    found = _read(requester, batch, "coco")
    assert found["images"] == [
        {"id": 1, "file_name": "https://example.org/cat.png", "width": 640, "height": 480}
    ]
    assert [one["name"] for one in found["categories"]] == ["Cat", "Ear"]
    box, triangle = found["annotations"]
    assert (box["bbox"], box["area"], box["segmentation"]) == ([3, 4, 10, 20], 200, [])
    assert (triangle["bbox"], triangle["area"]) == ([0, 0, 4, 6], 12)
    assert triangle["segmentation"] == [[0, 0, 4, 0, 0, 6]]
