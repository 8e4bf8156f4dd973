"""Values in the reader's language: the filters that every template may use.

None is shown as unknown and never as zero.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from babel import dates, numbers, units
from flask_babel import get_locale, gettext
from markupsafe import Markup

from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.money import Money
from crowdloom.ui.languages import (
    DEFAULT_LANGUAGE,
    date_locale_of,
    in_own_digits,
    locale_of,
    money_locale_of,
)

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400
_USUAL_DIGITS = 2

AnyMoney = Money | Mapping[str, object] | None


def language() -> str:
    """The reader's language code; the default one outside a request."""
    locale = get_locale()
    return str(locale.language) if locale else DEFAULT_LANGUAGE


def unknown() -> Markup:
    return Markup('<span class="muted">{}</span>').format(gettext("unknown"))


def money_text(amount: AnyMoney) -> str:
    """`$1,086.00`, or `$0.002` where the amount is finer than a cent: for attributes and titles."""
    if amount is None:
        return str(gettext("unknown"))
    value = amount if isinstance(amount, Money) else Money.from_wire(amount)
    scale = value.currency.scale
    number, digits = Decimal(value.units).scaleb(-scale), _digits(value)
    pattern = "¤#,##0." + "0" * digits if digits else "¤#,##0"
    return numbers.format_currency(
        number,
        value.currency.code,
        format=pattern,
        locale=money_locale_of(language()),
        currency_digits=False,
    )


def money(amount: AnyMoney) -> Markup:
    """An amount of Money, or of its wire form, isolated from the direction of the text around."""
    if amount is None:
        return unknown()
    digits = _digits(amount if isinstance(amount, Money) else Money.from_wire(amount))
    # Columns are aligned by it: the style sheet knows amounts with other than two digits.
    kind = "money" if digits == _USUAL_DIGITS else f"money d{digits}"
    return Markup('<bdi class="{}">{}</bdi>').format(kind, money_text(amount))


def _digits(value: Money) -> int:
    """How many are shown behind the point: the currency's own, or all that it takes."""
    number = Decimal(value.units).scaleb(-value.currency.scale)
    return max(value.currency.exponent, -int(number.normalize().as_tuple().exponent))


def number_text(value: float | Decimal | None) -> str:
    if value is None:
        return str(gettext("unknown"))
    own = locale_of(language())
    text = numbers.format_decimal(value, locale=own, numbering_system="default")
    return in_own_digits(text, language())


def number(value: float | Decimal | None) -> str | Markup:
    """`1,204`, grouped and in the reader's digits."""
    return unknown() if value is None else number_text(value)


def percent(ratio: float | Decimal | None, digits: int = 1) -> str | Markup:
    """`percent(0.913)` is `91.3%`: the value is a ratio, not already a percentage."""
    if ratio is None:
        return unknown()
    pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
    text = numbers.format_percent(
        ratio, pattern, locale=locale_of(language()), numbering_system="default"
    )
    return in_own_digits(text, language())


def duration(seconds: float | None) -> str | Markup:
    """`45 sec`, `2 min`, `1 hr 18 min`, `3 days`: at most two units, rounded down."""
    if seconds is None:
        return unknown()
    whole = max(0, int(seconds))
    if whole < SECONDS_PER_MINUTE:
        return _in_units((whole, "second"))
    if whole < SECONDS_PER_HOUR:
        return _in_units((whole // SECONDS_PER_MINUTE, "minute"))
    if whole < SECONDS_PER_DAY:
        minutes = whole % SECONDS_PER_HOUR // SECONDS_PER_MINUTE
        return _in_units((whole // SECONDS_PER_HOUR, "hour"), (minutes, "minute"))
    hours = whole % SECONDS_PER_DAY // SECONDS_PER_HOUR
    return _in_units((whole // SECONDS_PER_DAY, "day"), (hours, "hour"))


def _in_units(first: tuple[int, str], *rest: tuple[int, str]) -> str:
    parts = [first, *(part for part in rest if part[0])]
    own = locale_of(language())
    words = (units.format_unit(n, f"duration-{unit}", "short", locale=own) for n, unit in parts)
    return in_own_digits(" ".join(words), language())


def day_text(value: date) -> str:
    text = dates.format_date(value, "medium", locale=date_locale_of(language()))
    return in_own_digits(text, language())


def instant_text(moment: datetime) -> str:
    """`22 Nov 2026, 14:05 UTC`."""
    moment = moment.astimezone(UTC)
    clock = dates.format_time(moment, "HH:mm", locale=date_locale_of(language()))
    comma = "،" if language() == "fa" else ","
    return f"{day_text(moment.date())}{comma} {in_own_digits(clock, language())} UTC"


def instant(moment: datetime | None) -> Markup:
    """A moment in UTC; the page's script words it again in the reader's own time zone."""
    if moment is None:
        return unknown()
    return Markup('<time datetime="{}" data-instant>{}</time>').format(
        format_instant(moment), instant_text(moment)
    )


def day(value: date | str | None) -> Markup:
    """A date, or one as it is stored: `2026-11-22`."""
    if value is None:
        return unknown()
    if isinstance(value, str):
        value = date.fromisoformat(value)
    on = value.date() if isinstance(value, datetime) else value
    return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), day_text(on))


def relative(moment: datetime | None, *, now: datetime) -> Markup:
    """`3 hours ago`, `in 2 days`, with the full moment on hover."""
    if moment is None:
        return unknown()
    distance = moment - now
    if abs(distance) < timedelta(seconds=5):
        words = str(gettext("just now"))
    else:
        words = dates.format_timedelta(distance, add_direction=True, locale=locale_of(language()))
    return Markup('<time datetime="{}" title="{}" data-relative>{}</time>').format(
        format_instant(moment), instant_text(moment), in_own_digits(words, language())
    )


def ident(value: str | None) -> Markup:
    """An id, in full, isolated and in fixed-width letters."""
    return unknown() if value is None else Markup('<bdi class="id">{}</bdi>').format(value)


def pseudonym(value: str | None) -> Markup:
    """A worker as one requester sees them: `··7F3K`."""
    if value is None:
        return unknown()
    return Markup('<bdi class="id short" dir="ltr">··{}</bdi>').format(value[-4:].upper())


def own_text(value: str | None) -> Markup:
    """What a person wrote (a title, a name, an answer): escaped, in its own direction."""
    return Markup('<bdi dir="auto">{}</bdi>').format(value or "")
