"""Streams that can be taken up again where a connection broke (RFC 9110, section 14)."""

import tempfile
from collections.abc import Iterable
from typing import IO

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

_IN_MEMORY_BYTES = 4_000_000


def resumable(lines: Iterable[str], *, version: str, media_type: str) -> Response:
    """Streams at once. Asked for a part of this version, it makes the whole again on disk and sends
    the part: the length of a stream is known at its end alone.
    """
    if "Range" in request.headers:
        response = _part(lines, version, media_type)
    else:
        response = Response(lines, mimetype=media_type)
    response.set_etag(version)
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _part(lines: Iterable[str], version: str, media_type: str) -> Response:
    """Raises RequestedRangeNotSatisfiable."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 # see below
    file.writelines(line.encode() for line in lines)
    length = file.tell()
    file.seek(0)
    response = Response(file, mimetype=media_type, direct_passthrough=True)
    response.call_on_close(file.close)
    response.content_length = length
    response.set_etag(version)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    return response
