"""Which languages there are, and how each writes its digits and dates."""

from functools import cache

from babel import Locale

LANGUAGES = {"en": "English", "fa": "فارسی"}
DEFAULT_LANGUAGE = "en"

# Babel words everything but leaves the digits Latin, so they are changed afterwards.
_DIGITS = {"arabext": "۰۱۲۳۴۵۶۷۸۹", "arab": "٠١٢٣٤٥٦٧٨٩"}
_PERCENT_SIGN = {"arabext": "٪", "arab": "٪"}
# English dates put the day first and count to 24, as every table here does.
_DATE_LOCALES = {"en": "en_GB"}
# Amounts keep the figures that a statement and the processor print.
_MONEY_LOCALES = {"fa": "en"}


@cache
def locale_of(language: str) -> Locale:
    return Locale.parse(language)


@cache
def date_locale_of(language: str) -> Locale:
    return Locale.parse(_DATE_LOCALES.get(language, language))


@cache
def money_locale_of(language: str) -> Locale:
    return Locale.parse(_MONEY_LOCALES.get(language, language))


def direction_of(language: str) -> str:
    """`ltr` or `rtl`."""
    return str(locale_of(language).text_direction)


@cache
def _digit_table(language: str) -> dict[int, str]:
    system = locale_of(language).default_numbering_system
    digits = _DIGITS.get(system)
    if digits is None:
        return {}
    table = {ord(str(value)): digit for value, digit in enumerate(digits)}
    return table | {ord("%"): _PERCENT_SIGN[system]}


def in_own_digits(text: str, language: str) -> str:
    """The same text with the digits and the percent sign the language reads."""
    return text.translate(_digit_table(language))
