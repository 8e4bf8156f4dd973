"""Images, recordings and PDFs: nothing is lost, nothing is there twice."""

import io
import json

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from task_service.adapters.pillow_tiles import TileSplitter
from task_service.adapters.pypdf_pages import PdfSplitter
from task_service.adapters.soundfile_audio import AudioSplitter
from task_service.domain.errors import FaultyRows
from task_service.domain.splitting.pieces import PieceAnswer, Wish
from task_service.domain.splitting.tiles import Box, merge_boxes, tiles_of
from task_service.domain.splitting.timeline import Stretch, cut, merge_segments, stretches


class Kept:
    def __init__(self) -> None:
        self.files: list[tuple[bytes, str]] = []

    def __call__(self, content: bytes, media_type: str) -> str:
        self.files.append((content, media_type))
        return str(len(self.files) - 1)


def drawn(boxes: list[Box], tile: Box) -> PieceAnswer:
    """What a worker who sees the tile draws: the parts of the boxes on it."""
    parts = [part for box in boxes if (part := box.within(tile))]
    listed = [
        {
            "left": part.left - tile.left,
            "top": part.top - tile.top,
            "width": part.width,
            "height": part.height,
            "label": part.label,
        }
        for part in parts
    ]
    return PieceAnswer({"boxes": json.dumps(listed)})


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    side=st.integers(64, 300),
    overlap=st.integers(0, 32),
)
def test_tiles_cover_every_pixel(width: int, height: int, side: int, overlap: int) -> None:
    seen = np.zeros((height, width), bool)
    for tile in tiles_of(width, height, side=side, overlap=overlap):
        seen[int(tile.top) : int(tile.bottom), int(tile.left) : int(tile.right)] = True
    assert seen.all()


def test_an_object_on_a_border_is_one_box_and_neighbours_stay_two() -> None:
    boxes = [
        Box(10, 10, 30, 30, "cat"),
        Box(80, 20, 60, 40, "cat"),
        Box(90, 70, 200, 90, "dog"),
        Box(85, 25, 50, 30, "dog"),
    ]
    tiles = tiles_of(300, 200, side=100, overlap=20)
    merged = merge_boxes(tiles, [drawn(boxes, tile) for tile in tiles])
    assert merged == sorted(boxes, key=lambda box: (box.top, box.left))


def test_boxes_of_two_hands_that_differ_a_little_are_one() -> None:
    tiles = [Box(0, 0, 100, 100), Box(60, 0, 100, 100)]
    answers = [
        PieceAnswer({"b": '[{"left": 62, "top": 10, "width": 30, "height": 30}]'}),
        PieceAnswer({"b": '[{"left": 4, "top": 11, "width": 29, "height": 28}, {"left": "x"}]'}),
    ]
    assert merge_boxes(tiles, answers) == [Box(62, 10, 31, 30)]


def test_tiles_are_the_images_pixels_and_missing_ones_are_named() -> None:
    image = Image.effect_noise((300, 170), 60)
    file = io.BytesIO()
    image.save(file, "PNG")
    keep = Kept()
    split = TileSplitter().split(file.getvalue(), Wish("tile", 128, 16), keep)
    whole = Image.new("L", image.size)
    for cell, left, top, *_ in split.rows:
        piece, media_type = keep.files[int(cell)]
        assert media_type == "image/png"
        whole.paste(Image.open(io.BytesIO(piece)), (int(left), int(top)))
    assert whole.tobytes() == image.tobytes()
    merged = TileSplitter().merge(b"", split.recipe, [None] * len(split.rows))
    document = json.loads(b"".join(merged.content))
    assert len(document["info"]["missing_tiles"]) == len(split.rows) == len(merged.missing)


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 5_000),
    size=st.integers(20, 400),
    overlap=st.integers(0, 30),
    data=st.data(),
)
def test_every_frame_is_in_one_core(
    frames: int, size: int, overlap: int, data: st.DataObject
) -> None:
    count = -(-frames // 5)
    loudness = data.draw(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=count, max_size=count))
    cuts = cut(loudness, window=5, frames=frames, size=size)
    assert cuts == sorted(set(cuts))
    assert (cuts[0], cuts[-1]) == (0, frames)
    parts = stretches(cuts, overlap=overlap)
    assert all(part.played_start <= part.start < part.end <= part.played_end for part in parts)
    assert max(part.end - part.start for part in parts) <= size * 1.25 + 10


@pytest.mark.parametrize(
    ("kind", "subtype", "dtype"),
    [("WAV", "PCM_16", "int16"), ("FLAC", "PCM_24", "int32"), ("WAV", "FLOAT", "float32")],
)
def test_the_cores_of_all_pieces_are_the_recordings_samples(
    kind: str, subtype: str, dtype: str
) -> None:
    rate = 8_000
    noise = np.random.default_rng(3).normal(0, 0.1, (rate * 11 + 77, 2))
    noise[rate * 4 - 900 : rate * 4 - 200] = 0
    file = io.BytesIO()
    soundfile.write(file, noise, rate, format=kind, subtype=subtype)
    keep = Kept()
    split = AudioSplitter().split(file.getvalue(), Wish("seconds", 4, 1), keep)
    whole, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype=dtype)
    cores = []
    for (cell, *_), part in zip(split.rows, split.recipe["parts"], strict=True):
        piece, _ = soundfile.read(io.BytesIO(keep.files[int(cell)][0]), dtype=dtype)
        start, end, played_start, _ = part
        cores.append(piece[start - played_start : end - played_start])
    assert (np.concatenate(cores) == whole).all()
    assert rate * 4 - 900 <= split.recipe["parts"][0][1] <= rate * 4 - 200  # in the silence


def test_words_heard_twice_are_said_once() -> None:
    parts = [Stretch(0, 100, 0, 110), Stretch(100, 200, 90, 200)]
    plain = [
        PieceAnswer({"t": "the sun rose over"}),
        PieceAnswer({"t": "Rose over, the hills"}),
    ]
    assert [one.text for one in merge_segments(parts, plain, rate=10)] == [
        "the sun rose over",
        "the hills",
    ]
    timed = [
        PieceAnswer(
            {"t": '[{"start": 0, "end": 9.8, "text": "a"}, {"start": 10, "end": 11, "text": "b"}]'}
        ),
        PieceAnswer(
            {"t": '[{"start": 0, "end": 0.8, "text": "a"}, {"start": 1, "end": 2, "text": "b"}]'}
        ),
    ]
    said = [(one.start, one.text) for one in merge_segments(parts, timed, rate=10)]
    assert said == [(0, "a"), (10, "b")]
    gone = [one.text for one in merge_segments(parts, [None, plain[0]], rate=10)]
    assert gone == ["⟦missing 1⟧", "the sun rose over"]


def pdf(password: str | None = None) -> bytes:
    writer = PdfWriter()
    for _ in range(3):
        writer.add_blank_page(200, 200)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def test_a_pdf_is_split_into_pages_that_are_pdfs() -> None:
    keep = Kept()
    split = PdfSplitter().split(pdf(), Wish("page", 1), keep)
    assert [row[2] for row in split.rows] == ["1", "2", "3"]
    assert all(content.startswith(b"%PDF") for content, _ in keep.files)
    answers = [PieceAnswer({"t": "one"}), None, PieceAnswer({"t": "three"})]
    merged = PdfSplitter().merge(b"", split.recipe, answers)
    assert b"".join(merged.content).decode() == "one\f⟦missing 2⟧⟦end 2⟧\fthree"


MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(2_000)


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("page", b"%PDF-1.7 and nothing more", "not a PDF"),
        ("page", b"<html></html>", "not a PDF"),
        ("page", pdf("secret"), "password"),
        ("tile", b"\x89PNG\r\n\x1a\nbroken", "not an image"),
        ("tile", MP4, "not an image"),
        ("seconds", MP4, "not a recording"),
        ("seconds", b"ID3 but no sound", "not a recording"),
    ],
)
def test_what_is_something_else_is_refused_with_the_reason(
    kind: str, content: bytes, reason: str
) -> None:
    splitters = {"page": PdfSplitter(), "tile": TileSplitter(), "seconds": AudioSplitter()}
    with pytest.raises(FaultyRows) as refused:
        splitters[kind].split(content, Wish(kind, 100), Kept())
    assert reason in str(refused.value.facts["faults"])
