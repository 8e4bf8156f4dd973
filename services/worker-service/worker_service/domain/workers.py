"""Anonymous workers: an id, what they say about themselves, and nothing that names them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import WorkerId

LANGUAGES_MAX = 20
# BCP 47, as much of it as projects name: a language, then script or region.
_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True)
class Worker:
    """`recovery_digest` is the SHA-256 of the recovery code in force, which nobody has seen unless
    `code_shown`. No languages means any.
    """

    worker_id: WorkerId
    registered_at: datetime
    languages: tuple[str, ...]
    recovery_digest: str
    code_shown: bool = True


def checked_languages(tags: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the order given. Raises InvalidInput naming what is not a language tag."""
    languages = tuple(dict.fromkeys(tags))
    wrong = [tag for tag in languages if not _LANGUAGE_TAG.fullmatch(tag)]
    if wrong:
        raise InvalidInput(
            "A language is a BCP 47 tag such as en, fa or pt-BR",
            errors={"languages": [f"{tag!r} is not a language tag" for tag in wrong]},
        )
    if len(languages) > LANGUAGES_MAX:
        raise InvalidInput(
            "At most %(count_max)s languages",
            count_max=LANGUAGES_MAX,
            errors={"languages": [f"At most {LANGUAGES_MAX}; there are {len(languages)}"]},
        )
    return languages
