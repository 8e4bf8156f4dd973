"""One sentence for the next page: what happened, after a form was sent and the reader redirected.

The sentence travels in a cookie of a minute that only the area redirected to receives, is escaped
where it is shown, and is shown once. It must not hold anything another area may not know.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, g, request

MESSAGE_COOKIE = "cl_said"
TONES = ("good", "wait", "bad", "move", "quiet")
_CHARACTERS_MAX = 1_000
_COOKIE_BYTES_MAX = 3_500
_COOKIE_SECONDS = 60


@dataclass(frozen=True)
class Message:
    """`tone` is one of TONES, `word` the state in a word or two, `sentence` what to know."""

    tone: str
    word: str
    sentence: str = ""


def say(tone: str, word: str, sentence: str = "") -> None:
    """Show a message on this page, or on the next one if this answer is a redirect."""
    if tone not in TONES:
        raise ValueError(f"{tone!r} is not a tone")
    _said().append(Message(tone, word, sentence[:_CHARACTERS_MAX]))


def said() -> tuple[Message, ...]:
    """What was said in this request so far, and is not shown yet."""
    return tuple(_said())


def take_messages() -> list[Message]:
    """What was said before the redirect and what was said since, each shown once."""
    g.ui_messages_shown = True
    kept = _read(request.cookies.get(MESSAGE_COOKIE, ""))
    said = _said()
    messages = [*kept, *said]
    said.clear()
    return messages


def carry_messages(response: Response) -> Response:
    """After the request: hand the messages to the page redirected to, or forget the shown ones."""
    said = _said()
    if said and response.location:
        # A relative path is taken as it is; the first segment names the area.
        area = urlsplit(response.location).path.split("/")[1:2]
        text = json.dumps([[m.tone, m.word, m.sentence] for m in said], ensure_ascii=False)
        value = urlsafe_b64encode(text.encode()).decode()
        if len(value) <= _COOKIE_BYTES_MAX:
            response.set_cookie(
                MESSAGE_COOKIE,
                value,
                max_age=_COOKIE_SECONDS,
                path="/" + "".join(area),
                httponly=True,
                samesite="Lax",
                secure=request.is_secure,
            )
    elif g.get("ui_messages_shown") and MESSAGE_COOKIE in request.cookies:
        area = request.path.split("/")[1:2]
        response.delete_cookie(MESSAGE_COOKIE, path="/" + "".join(area))
    return response


def _said() -> list[Message]:
    if "ui_messages" not in g:
        g.ui_messages = []
    messages: list[Message] = g.ui_messages
    return messages


def _read(value: str) -> list[Message]:
    try:
        rows = json.loads(urlsafe_b64decode(value.encode())) if value else []
        found = [Message(str(tone), str(word), str(text)) for tone, word, text in rows]
    except (ValueError, TypeError, RecursionError):
        return []
    return [message for message in found if message.tone in TONES]
