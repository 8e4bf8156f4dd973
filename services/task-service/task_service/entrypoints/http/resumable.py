"""Streams that can be taken up again where a connection broke (RFC 9110, section 14)."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from flask import Response, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from task_service.application.source_ports import StoredFile

_IN_MEMORY_BYTES = 4_000_000
_CHUNK_BYTES = 65_536


def resumable(parts: Iterable[str] | Iterable[bytes], *, version: str, media_type: str) -> Response:
    """Streams at once. Asked for a part of this version, it makes the whole again on disk and sends
    the part: the length of a stream is known at its end alone.
    """
    if "Range" in request.headers:
        response = _part(parts, version, media_type)
    else:
        response = Response(parts, mimetype=media_type)
    response.set_etag(version)
    response.headers["Accept-Ranges"] = "bytes"
    return response


def kept(file: StoredFile, *, version: str, media_type: str) -> Response:
    """A file that is kept, whole or the part of it that is asked for."""
    response = send_file(
        file,  # type: ignore[arg-type]  # it reads, seeks and tells, which is all that is asked
        mimetype=media_type,
        etag=version,
        conditional=False,
    )
    response.content_length = file.length
    response.make_conditional(request, accept_ranges=True, complete_length=file.length)
    return response


def _part(parts: Iterable[str] | Iterable[bytes], version: str, media_type: str) -> Response:
    """Raises RequestedRangeNotSatisfiable."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 # closed with the response
    file.writelines(one.encode() if isinstance(one, str) else one for one in parts)
    length = file.tell()
    response = Response(_read(file), mimetype=media_type)
    response.call_on_close(file.close)  # whether or not anything was read
    response.content_length = length
    response.set_etag(version)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    return response


def _read(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
