"""Recordings by seconds, with soundfile (libsndfile): WAV, FLAC, MP3, OGG."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from task_service.application.source_ports import Keep
from task_service.domain.splitting.pieces import (
    Merged,
    PieceAnswers,
    Split,
    Wish,
    not_splittable,
    numbers_contested,
    numbers_missing,
)
from task_service.domain.splitting.timeline import Stretch, cut, merge_segments, stretches

if TYPE_CHECKING:
    import soundfile

SECONDS_MAX = 6 * 3600
_SECONDS_AT_ONCE = 600
WAVE_VALUES = 400
_FRAMES_LOOKED_AT_MAX = 4096
_WINDOWS_PER_SECOND = 50
_FORMATS = {"WAV", "WAVEX", "FLAC", "MP3", "OGG"}
# Subtypes that FLAC keeps to the last bit; the rest is lossy already, or float.
_EXACT = {"PCM_16": "PCM_16", "PCM_24": "PCM_24", "PCM_S8": "PCM_16", "PCM_U8": "PCM_16"}


class AudioSplitter:
    """Pieces are FLAC, exact to the sample for what is not lossy already; WAV where it is float."""

    def is_long(self, content: bytes, wish: Wish) -> bool:  # noqa: ARG002 - the port's
        with _opened(content) as sound:
            return bool(sound.frames > _SECONDS_AT_ONCE * sound.samplerate)

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:
        with _opened(content) as sound:
            rate = sound.samplerate
            window = max(rate // _WINDOWS_PER_SECOND, 1)
            cuts = cut(
                _loudness(sound, window),
                window=window,
                frames=sound.frames,
                size=wish.size * rate,
            )
            parts = stretches(cuts, overlap=wish.overlap * rate)
            rows = [_row(part, rate, keep(*_piece(sound, part))) for part in parts]
        return Split(
            columns=("audio", "start", "end", "heard_from"),
            rows=rows,
            lines=range(1, len(rows) + 1),
            recipe={
                "rate": rate,
                "parts": [
                    [part.start, part.end, part.played_start, part.played_end] for part in parts
                ],
            },
            main_column="audio",
            file_columns=("audio",),
        )

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:  # noqa: ARG002 - a transcript needs no samples
        parts = [Stretch(*part) for part in recipe["parts"]]
        segments = list(merge_segments(parts, answers, rate=recipe["rate"]))
        missing, contested = numbers_missing(answers), numbers_contested(answers)
        document = {
            "seconds": round(parts[-1].end / recipe["rate"], 3),
            "text": " ".join(segment.text for segment in segments if segment.text),
            "segments": [segment.to_wire() for segment in segments],
            "missing": list(missing),
            "contested": list(contested),
        }
        return Merged(
            content=[json.dumps(document, ensure_ascii=False, indent=1).encode()],
            media_type="application/json",
            ending="json",
            missing=missing,
            contested=contested,
        )


def picture_of(content: bytes) -> list[float]:
    """How loud a recording is along its length: WAVE_VALUES peaks from 0 to 1, the loudest 1; those
    of long stretches by their beginnings. Raises FaultyRows for what is no recording.
    """
    import numpy as np

    with _opened(content) as sound:
        step = max(sound.frames // WAVE_VALUES, 1)
        peaks = []
        for place in range(0, sound.frames, step)[:WAVE_VALUES]:
            sound.seek(place)
            block = sound.read(min(step, _FRAMES_LOOKED_AT_MAX), dtype="float32", always_2d=True)
            peaks.append(float(np.abs(block).max(initial=0.0)))
    loudest = max(peaks) or 1.0
    return [round(peak / loudest, 3) for peak in peaks]


def _opened(content: bytes) -> "soundfile.SoundFile":
    # Here and not above: every process of the service would wait for a library few ever need.
    import soundfile

    try:
        sound = soundfile.SoundFile(io.BytesIO(content))
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise not_splittable("not a recording that can be read: use WAV, FLAC, MP3 or OGG") from (
            error
        )
    if sound.format not in _FORMATS:
        raise not_splittable(f"a recording of kind {sound.format}: use WAV, FLAC, MP3 or OGG")
    if not 0 < sound.frames <= SECONDS_MAX * sound.samplerate:
        raise not_splittable(f"the recording is empty, or longer than {SECONDS_MAX // 3600} hours")
    return sound


def _loudness(sound: "soundfile.SoundFile", window: int) -> Sequence[float]:
    import numpy as np

    sound.seek(0)
    blocks = sound.blocks(blocksize=window * _WINDOWS_PER_SECOND, dtype="float32", always_2d=True)
    values: list[float] = []
    for block in blocks:
        energy = np.square(block).mean(axis=1)
        windows = range(0, len(energy), window)
        values += [float(energy[at : at + window].mean()) for at in windows]
    return values


def _piece(sound: "soundfile.SoundFile", part: Stretch) -> tuple[bytes, str]:
    """The part that is played, as a file, and its media type."""
    import soundfile

    sound.seek(part.played_start)
    frames = part.played_end - part.played_start
    is_float = sound.subtype in {"FLOAT", "DOUBLE"}
    samples = sound.read(frames, dtype="float64" if is_float else "int32", always_2d=True)
    kind, subtype = (
        ("WAV", sound.subtype) if is_float else ("FLAC", _EXACT.get(sound.subtype, "PCM_16"))
    )
    file = io.BytesIO()
    soundfile.write(file, samples, sound.samplerate, format=kind, subtype=subtype)
    return file.getvalue(), "audio/wav" if is_float else "audio/flac"


def _row(part: Stretch, rate: int, cell: str) -> tuple[str, ...]:
    places = (part.start, part.end, part.played_start)
    return (cell, *(f"{place / rate:.6f}" for place in places))
