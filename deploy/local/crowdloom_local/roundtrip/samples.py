"""Files to try the round trip on, one of each kind, the same in every run.

    python -m crowdloom_local.roundtrip.samples FOLDER

makes them and prints the command for each: a text of a megabyte with mixed line ends, Persian,
emoji and no final newline; a table of 20,000 rows; a PDF of 40 pages; an image; a recording.
"""

import csv
import io
import math
import random
import struct
import sys
import wave
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw

_TEXT_BYTES = 1_000_000
_ROWS = 20_000
_PAGES = 40
_SIDE = 1_200
_RATE = 16_000
_SECONDS = 90
_SENTENCES = (
    "The sun shone, and nobody asked why.",
    "باران بارید و هیچ‌کس نپرسید چرا.",
    "Dr. Fir said: “Wait.” We waited 3.5 hours 🧵🪡.",
    "Viisi kuusta kaatui; kuudes jäi. 👩‍🔬",
    "¿Quién lo vio? Nadie, dicen…",
)
_ENDS = ("\n", "\r\n", "\r", "\n\n", " ")


def text() -> bytes:
    chance = random.Random(1)
    parts: list[str] = []
    size = 0
    while size < _TEXT_BYTES:
        part = chance.choice(_SENTENCES) + chance.choice(_ENDS)
        size += len(part.encode())
        parts.append(part)
    return "".join(parts).rstrip().encode()


def table() -> bytes:
    chance = random.Random(2)
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(["id", "text", "note"])
    for number in range(1, _ROWS + 1):
        note = chance.choice(["", "a, b", 'said "so"', "two\nlines", "=1+1"])
        writer.writerow([str(number), chance.choice(_SENTENCES), note])
    return made.getvalue().encode()


def document() -> bytes:
    made = FPDF()
    made.set_font("Helvetica", size=24)
    for number in range(1, _PAGES + 1):
        made.add_page()
        made.cell(text=f"This is page {number} of {_PAGES}.")
    return bytes(made.output())


def picture() -> bytes:
    chance = random.Random(3)
    image = Image.new("RGB", (_SIDE, _SIDE), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        left, top = chance.randrange(_SIDE - 90), chance.randrange(_SIDE - 90)
        draw.rectangle((left, top, left + 80, top + 60), fill=chance.choice(["red", "green"]))
    made = io.BytesIO()
    image.save(made, "PNG")
    return made.getvalue()


def recording() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        # A second of sound, a second of silence: there is something to cut on.
        heights = [
            int(9_000 * math.sin(at / 9)) if at // _RATE % 2 == 0 else 0
            for at in range(_RATE * _SECONDS)
        ]
        file.writeframes(struct.pack(f"<{len(heights)}h", *heights))
    return made.getvalue()


SAMPLES = {
    "book.txt": (text, ("sentence", "paragraph")),
    "table.csv": (table, ("rows:7",)),
    "document.pdf": (document, ("page",)),
    "picture.png": (picture, ("tile:512",)),
    "recording.wav": (recording, ("seconds:10",)),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, ways) in SAMPLES.items():
        path = folder / name
        path.write_bytes(make())
        for by in ways:
            print(f"make roundtrip FILE={path} BY={by}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
