"""A ZIP of images, recordings and PDFs: a file a task."""

import csv
import io
import mimetypes
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

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
from task_service.domain.splitting.rows import STATUS_COLUMN
from task_service.domain.uploads import Kind, kind_of

FILES_MAX = 10_000
FILE_BYTES_MAX = 50_000_000
TOTAL_BYTES_MAX = 500_000_000
_FILES_AT_ONCE = 1_000
_BYTES_AT_ONCE = 40_000_000
_TAKEN = (Kind.IMAGE, Kind.SOUND, Kind.PDF)
# What computers put into archives unasked.
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_MEDIA = {".flac": "audio/flac", ".webp": "image/webp", ".ogg": "audio/ogg", ".wav": "audio/wav"}


class ZipSplitter:
    """A fault's `line` is the file's number in the archive. Read one at a time, never unpacked to
    a disk; merged, a table of names and answers.
    """

    def is_long(self, content: bytes, wish: Wish) -> bool:  # noqa: ARG002 - the port's
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                files = archive.infolist()
        except zipfile.BadZipFile:
            return False
        size = sum(file.file_size for file in files)
        return len(files) > _FILES_AT_ONCE or size > _BYTES_AT_ONCE

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:  # noqa: ARG002 - whole files
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                rows = list(_rows(archive, keep))
        except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
            raise not_splittable("not a ZIP file that can be read: pack it anew") from error
        except RuntimeError as error:  # zipfile's word for a password
            raise not_splittable("the ZIP file has a password: pack it without one") from error
        if not rows:
            raise not_splittable("there is no image, recording or PDF in the ZIP file")
        return Split(
            columns=("file", "name"),
            rows=rows,
            lines=range(1, len(rows) + 1),
            recipe={"names": [name for _, name in rows]},
            main_column="file",
            file_columns=("file",),
        )

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:  # noqa: ARG002 - names are enough
        return Merged(
            content=[_table(recipe["names"], answers).encode("utf-8-sig")],
            media_type="text/csv",
            ending="csv",
            missing=numbers_missing(answers),
            contested=numbers_contested(answers),
        )


def _rows(archive: zipfile.ZipFile, keep: Keep) -> Iterator[tuple[str, str]]:
    entries = [entry for entry in archive.infolist() if not _is_ignored(entry)]
    _check(entries)
    for number, entry in enumerate(entries, start=1):
        with archive.open(entry) as file:
            # Never more than was announced and bounded, whatever the archive says of itself.
            content = file.read(FILE_BYTES_MAX + 1)
        kind = kind_of(content)
        if len(content) > FILE_BYTES_MAX or kind not in _TAKEN:
            found = "too large" if len(content) > FILE_BYTES_MAX else str(kind)
            raise not_splittable(
                f"{entry.filename[:100]} is {found}: put images, recordings and PDFs of at most "
                f"{FILE_BYTES_MAX // 1_000_000} MB into the ZIP file, and nothing else",
                line=number,
            )
        yield keep(content, _media_type(entry.filename, kind)), entry.filename


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > FILES_MAX:
        raise not_splittable(f"more than {FILES_MAX:,} files: make several ZIP files of them")
    if sum(entry.file_size for entry in entries) > TOTAL_BYTES_MAX:
        limit = f"{TOTAL_BYTES_MAX // 1_000_000} MB"
        raise not_splittable(f"the ZIP file unpacks to more than {limit}: make several of it")
    for number, entry in enumerate(entries, start=1):
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            reason = f"the name {entry.filename[:100]} leads out of the archive: pack it anew"
            raise not_splittable(reason, line=number)


def _is_ignored(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    return entry.is_dir() or any(part in name for part in _IGNORED)


def _media_type(name: str, kind: Kind) -> str:
    """By the name, as long as that agrees with what the file is."""
    ending = PurePosixPath(name).suffix.lower()
    guess = _MEDIA.get(ending) or mimetypes.types_map.get(ending, "")
    families = {Kind.IMAGE: "image/", Kind.SOUND: "audio/", Kind.PDF: "application/pdf"}
    safe = guess.startswith(families[kind]) and "svg" not in guess
    return guess if safe else "application/octet-stream"


def _table(names: list[str], answers: PieceAnswers) -> str:
    fields = sorted({name for one in answers if one is not None for name in one.values})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", *fields, STATUS_COLUMN])
    for name, answer in zip(names, answers, strict=True):
        values = answer.values if answer is not None else {}
        status = "missing" if answer is None else "contested" if answer.contested else ""
        writer.writerow([name, *(values.get(field, "") for field in fields), status])
    return text.getvalue()
