"""Forms as they were sent: read exactly, with a sentence for every field to mend."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from crowdloom.kernel import Money
from crowdloom.kernel.limits import (
    AUTO_ACCEPT_SECONDS_MAX,
    LEASE_SECONDS_MAX,
    LEASE_SECONDS_MIN,
    REDUNDANCY_MAX,
    REWARD_MINOR_MAX,
    TEMPLATE_BYTES_MAX,
    TITLE_CHARACTERS_MAX,
    WANTED_SECONDS_MAX,
)
from crowdloom.kernel.money import Currency
from crowdloom.ui.formats import money_text, number_text
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from task_service.domain.errors import TemplateTooLarge

_SECONDS_PER_MINUTE = 60
_SECONDS_PER_DAY = 86_400
_MINUTES_MIN = max(1, LEASE_SECONDS_MIN // _SECONDS_PER_MINUTE)
MINUTES_MAX = LEASE_SECONDS_MAX // _SECONDS_PER_MINUTE
DAYS_MAX = AUTO_ACCEPT_SECONDS_MAX // _SECONDS_PER_DAY
WANTED_DAYS_MAX = WANTED_SECONDS_MAX // _SECONDS_PER_DAY
_DIGITS_MAX = 12
_NUMBER = re.compile(rf"\d{{1,{_DIGITS_MAX}}}(\.\d{{1,{_DIGITS_MAX}}})?")
_TEXT_DEFAULTS = {
    "title": "",
    "redundancy": "3",
    "reward": "",
    "lease_minutes": "10",
    "auto_accept_days": "3",
    "wanted_days": "",
}


class Unreadable(ValueError):
    """What was typed is no number."""


class TooFine(ValueError):
    """An amount with more digits than the currency has."""


class FileUnreadable(ValueError):
    """The file cannot be read; the sentence says why, in the reader's language."""


@dataclass
class TermsForm:
    """The terms of a batch as they were typed; `errors` says what to mend, by field."""

    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    redundancy: int = 0
    reward: Money | None = None
    lease_seconds: int = 0
    auto_accept_seconds: int = 0
    wanted_seconds: int | None = None


def fresh_terms() -> TermsForm:
    return TermsForm(dict(_TEXT_DEFAULTS))


def read_terms(sent: Mapping[str, str], currency: Currency) -> TermsForm:
    form = TermsForm({name: sent.get(name, "").strip() for name in _TEXT_DEFAULTS})
    if len(form.typed["title"]) > TITLE_CHARACTERS_MAX:
        form.errors["title"] = _(
            "A title has at most %(count)s characters.", count=number_text(TITLE_CHARACTERS_MAX)
        )
    form.redundancy = _read_whole(form, "redundancy", 1, REDUNDANCY_MAX)
    _read_reward(form, currency)
    minutes = _read_whole(form, "lease_minutes", _MINUTES_MIN, MINUTES_MAX)
    form.lease_seconds = minutes * _SECONDS_PER_MINUTE
    form.auto_accept_seconds = _read_whole(form, "auto_accept_days", 0, DAYS_MAX) * _SECONDS_PER_DAY
    if form.typed["wanted_days"]:
        days = _read_whole(form, "wanted_days", 1, WANTED_DAYS_MAX)
        form.wanted_seconds = days * _SECONDS_PER_DAY
    return form


def read_growth(sent: Mapping[str, str], currency: Currency) -> TermsForm:
    """The terms that a batch is to grow to; what is left empty stays."""
    form = TermsForm({name: sent.get(name, "").strip() for name in ("redundancy", "reward")})
    if form.typed["redundancy"]:
        form.redundancy = _read_whole(form, "redundancy", 1, REDUNDANCY_MAX)
    if form.typed["reward"]:
        _read_reward(form, currency)
    return form


def _read_whole(form: TermsForm, name: str, low: int, high: int) -> int:
    try:
        number = parse_number(form.typed[name])
    except Unreadable:
        number = Decimal(-1)
    if number != number.to_integral_value() or not low <= number <= high:
        form.errors[name] = _(
            "Write a whole number from %(low)s to %(high)s.",
            low=number_text(low),
            high=number_text(high),
        )
        return low
    return int(number)


def _read_reward(form: TermsForm, currency: Currency) -> None:
    highest = Money.of_minor(REWARD_MINOR_MAX, currency)
    lowest = Money.of_minor(1, currency)
    try:
        form.reward = parse_money(form.typed["reward"], currency)
    except TooFine:
        form.errors["reward"] = _(
            "The smallest step is %(amount)s: write no finer amount.", amount=money_text(lowest)
        )
    except Unreadable:
        form.errors["reward"] = _("Write an amount with a point, for example 0.05.")
    else:
        if not lowest <= form.reward <= highest:
            form.errors["reward"] = _(
                "A reward is between %(low)s and %(high)s.",
                low=money_text(lowest),
                high=money_text(highest),
            )


def parse_money(text: str, currency: Currency) -> Money:
    """Exact: `0.05` is five cents. Digits of any script. Raises Unreadable, TooFine."""
    minor = parse_number(text).scaleb(currency.exponent)
    if minor != minor.to_integral_value():
        raise TooFine(text)
    return Money.of_minor(int(minor), currency)


def parse_number(text: str) -> Decimal:
    """A plain decimal, in the digits of any script. Raises Unreadable."""
    plain = "".join(_plain(character) for character in text.strip())
    if not _NUMBER.fullmatch(plain):
        raise Unreadable(text)
    return Decimal(plain)


def _plain(character: str) -> str:
    if character == "٫":
        return "."
    # Of decimals alone: a raised 2 is no digit of a number.
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def template_of(sent: Mapping[str, str], upload: FileStorage | None) -> str:
    """The uploaded file, or what stands in the field. Raises FileUnreadable,
    TemplateTooLarge.
    """
    if upload is None or not upload.filename:
        return sent.get("template", "").replace("\r\n", "\n")
    content = upload.stream.read(TEMPLATE_BYTES_MAX + 1)
    if len(content) > TEMPLATE_BYTES_MAX:  # perhaps cut within a character
        raise TemplateTooLarge("The template is too large", limit_bytes=TEMPLATE_BYTES_MAX)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileUnreadable(
            _("The file is not UTF-8 text. Save it as UTF-8, or paste the HTML.")
        ) from None
