"""A recording's loudness as a picture: a sandboxed frame may load images, and fetch nothing."""

from collections.abc import Sequence

from flask import Response

_HEIGHT = 100
_COLOUR = "#748091"  # seen on white and on black


def wave_response(loudness: Sequence[float]) -> Response:
    """An SVG of one bar for each value from 0 to 1; stretched to any width."""
    bars = "".join(_bar(place, value) for place, value in enumerate(loudness))
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {max(len(loudness), 1)} {_HEIGHT}" '
        f'preserveAspectRatio="none"><path d="{bars}" stroke="{_COLOUR}" stroke-width="0.8"/></svg>'
    )
    response = Response(picture, mimetype="image/svg+xml")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=3600, immutable"
    return response


def _bar(place: int, value: float) -> str:
    half = max(1, round(value * _HEIGHT / 2))
    middle = _HEIGHT // 2
    return f"M{place + 0.5:g} {middle - half}V{middle + half}"
