"""An amount as people type it, read exactly: never through a float, and never by guessing."""

import re

from crowdloom.kernel import Currency, Money

_AMOUNT = re.compile(r"(?P<whole>\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(?P<part>\d+))?", re.ASCII)
# Persian and Arabic digits, decimal point and thousands mark.
_AS_LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫٬", "01234567890123456789.,")
_CHARACTERS_MAX = 40


class UnreadableAmount(ValueError):
    """Not an amount, or finer than the currency's smallest coin."""


def parse(text: str, currency: Currency) -> Money:
    """`25`, `1,250.50`, `$25`, `25 USD`, `۲۵٫۵`. Raises UnreadableAmount.

    `12,50` is refused: it could be twelve and a half, or a slip in 1,250.
    """
    if len(text) > _CHARACTERS_MAX:
        raise UnreadableAmount(text)
    plain = text.translate(_AS_LATIN).strip().removeprefix("$").removesuffix(currency.code)
    found = _AMOUNT.fullmatch(plain.strip())
    part = (found["part"] or "").rstrip("0") if found else ""
    if found is None or len(part) > currency.exponent:
        raise UnreadableAmount(text)
    minor = found["whole"].replace(",", "") + part.ljust(currency.exponent, "0")
    return Money.of_minor(int(minor), currency)


def typed(amount: Money) -> str:
    """As one would type it into a field: `1250.50`."""
    return str(amount).split()[0]
