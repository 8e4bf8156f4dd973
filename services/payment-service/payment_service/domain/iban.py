"""International bank account numbers: ISO 13616, checked by length and checksum (ISO 7064)."""

from crowdloom.kernel import DomainError

_LENGTHS = {
    length: countries.split()
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IR IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
}
_LENGTH_OF = {country: length for length, known in _LENGTHS.items() for country in known}
_SHOWN = 4


class WrongIban(DomainError):
    """Not the number of an account: a slip of the pen, most likely."""

    code = "wrong_iban"


def parse_iban(text: str) -> str:
    """The number without spaces, in capitals. Raises WrongIban."""
    number = "".join(text.split()).upper()
    right_length = len(number) == _LENGTH_OF.get(number[:2])
    if not (right_length and number.isascii() and number.isalnum() and number[2:4].isdigit()):
        raise WrongIban(
            "An IBAN begins with its country and has that country's length",
            errors={"iban": ["Not an IBAN: compare it with what your bank gave you"]},
        )
    digits = "".join(str(int(character, 36)) for character in number[4:] + number[:4])
    if int(digits) % 97 != 1:
        raise WrongIban(
            "The checksum does not fit",
            errors={"iban": ["A character is wrong: compare it with what your bank gave you"]},
        )
    return number


def shown(number: str) -> str:
    """What may be shown of it: its country, check digits, and end."""
    return f"{number[:_SHOWN]} … {number[-_SHOWN:]}"
