"""Reads request parameters: Stripe's bracketed form encoding in, typed values or a 400 out."""

import re
from collections.abc import Iterable
from typing import Any

from stripe_simulator.errors import ApiError, Json, bad_parameter

_CURRENCIES = (
    "aed aud bgn brl cad chf clp cny cop czk dkk eur gbp hkd huf idr ils inr jpy krw mxn myr nok"
    " nzd php pln ron sek sgd thb try twd usd vnd zar"
)
CURRENCIES = frozenset(_CURRENCIES.split())
AMOUNT_MAX = 99_999_999
METADATA_KEYS_MAX = 50
METADATA_KEY_CHARS_MAX = 40
METADATA_VALUE_CHARS_MAX = 500
TEXT_CHARS_MAX = 5_000
PAGE_MAX = 100
SOURCE_TYPES = ("bank_account", "card", "fpx")
_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_DEPTH_MAX = 8


def decode_form(pairs: Iterable[tuple[str, str]]) -> Json:
    """`a[b][0][c]=1` becomes `{"a": {"b": [{"c": "1"}]}}`. Raises ApiError on an odd key."""
    tree: Json = {}
    for key, value in pairs:
        path = _split(key)
        node = tree
        for part in path[:-1]:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise bad_parameter(key, f"Invalid parameter name: {key}")
            node = child
        leaf = path[-1] or str(len(node))
        if isinstance(node.get(leaf), dict):
            raise bad_parameter(key, f"Invalid parameter name: {key}")
        node[leaf] = value
    return {key: _lists(value) for key, value in tree.items()}


def _split(key: str) -> list[str]:
    found = _KEY.match(key)
    if found is None:
        raise bad_parameter(key[:100], f"Invalid parameter name: {key[:100]}")
    parts = [found.group(1), *re.findall(r"\[([^\[\]]*)\]", found.group(2))]
    if len(parts) > _DEPTH_MAX:
        raise bad_parameter(key[:100], f"Parameters nest at most {_DEPTH_MAX} deep.")
    return parts


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}


class Params:
    """The parameters of one call. What was not read when `done` is called is refused by name,
    parts of parameters included.
    """

    def __init__(self, raw: Json, at: str = "") -> None:
        self._raw = raw
        self._at = at
        self._read: set[str] = set()
        self._parts: list[Params] = []

    def done(self) -> None:
        unknown = sorted(set(self._raw) - self._read)
        if unknown:
            name = f"{self._at}[{unknown[0]}]" if self._at else unknown[0]
            raise ApiError(
                400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )
        for part in self._parts:
            part.done()

    def ignore(self, names: Iterable[str]) -> None:
        """Parameters that Stripe knows and that change nothing here."""
        self._read.update(names)

    def any(self, name: str) -> Any:
        self._read.add(name)
        return self._raw.get(name)

    def text(self, name: str, chars_max: int = TEXT_CHARS_MAX) -> str | None:
        value = self.any(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise bad_parameter(name, f"Invalid string: {name}")
        if len(value) > chars_max:
            raise bad_parameter(name, f"{name} has more than {chars_max} characters.")
        return value

    def one_of(self, name: str, values: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is not None and value not in values:
            raise bad_parameter(name, f"Invalid {name}: must be one of {', '.join(values)}")
        return value

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise missing_parameter(name)
        return value

    def integer(self, name: str) -> int | None:
        return read_integer(name, self.any(name))

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.any(name)
        if value is None:
            return default
        if value not in {True, False, "true", "false"}:
            raise bad_parameter(name, f"Invalid boolean: {str(value)[:40]}")
        return value in {True, "true"}

    def seconds(self, name: str, most: float) -> float:
        value = self.any(name)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise bad_parameter(name, f"{name} is a number of seconds from 0 to {most}.")
        return float(value)

    def amount(self, name: str) -> int | None:
        """Minor units: at least 1, at most AMOUNT_MAX."""
        value = self.integer(name)
        if value is None:
            return None
        if value < 1:
            message = "This value must be greater than or equal to 1."
            raise bad_parameter(name, message, "parameter_invalid_integer")
        if value > AMOUNT_MAX:
            raise bad_parameter(
                name, f"Amount must be no more than {AMOUNT_MAX}", "amount_too_large"
            )
        return value

    def required_amount(self, name: str) -> int:
        value = self.amount(name)
        if value is None:
            raise missing_parameter(name)
        return value

    def currency(self, name: str = "currency") -> str:
        return read_currency(name, self.required_text(name))

    def metadata(self, *, clearable: bool = False) -> dict[str, str]:
        """An empty text clears them, where Stripe has it so."""
        value = self.any("metadata")
        if value == "" and not clearable:
            raise bad_parameter("metadata", "Invalid object: metadata")
        return read_metadata("metadata", value)

    def texts(self, name: str) -> list[str]:
        value = self.any(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise bad_parameter(name, f"Invalid array: {name}")
        return value

    def mapping(self, name: str) -> "Params | None":
        value = self.any(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise bad_parameter(name, f"Invalid object: {name}", "parameter_invalid")
        part = Params(value, f"{self._at}[{name}]" if self._at else name)
        self._parts.append(part)
        return part

    def page(self) -> int:
        limit = self.integer("limit")
        if limit is None:
            return 10
        if not 1 <= limit <= PAGE_MAX:
            raise bad_parameter("limit", f"limit must be from 1 to {PAGE_MAX}.")
        return limit


def missing_parameter(name: str) -> ApiError:
    return bad_parameter(name, f"Missing required param: {name}.", "parameter_missing")


def read_integer(name: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    raise bad_parameter(name, f"Invalid integer: {str(value)[:40]}", "parameter_invalid_integer")


def read_currency(name: str, value: str) -> str:
    lowered = value.lower()
    if lowered not in CURRENCIES:
        raise bad_parameter(name, f"Invalid currency: {lowered[:40]}.")
    return lowered


def read_metadata(name: str, value: Any) -> dict[str, str]:
    if value is None or value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise bad_parameter(name, "Metadata values must be strings.")
    if len(value) > METADATA_KEYS_MAX:
        raise bad_parameter(name, f"Metadata has more than {METADATA_KEYS_MAX} keys.")
    for key, text in value.items():
        if len(key) > METADATA_KEY_CHARS_MAX or len(text) > METADATA_VALUE_CHARS_MAX:
            raise bad_parameter(f"{name}[{key[:METADATA_KEY_CHARS_MAX]}]", "Metadata is too long.")
    return {key: text for key, text in value.items() if text != ""}
