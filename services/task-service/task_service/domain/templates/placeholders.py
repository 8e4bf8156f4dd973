"""`${name}`, where a name is anything but a closing brace and a line end."""

import re
from collections.abc import Mapping

_COLUMN = re.compile(r"^\w[\w .:-]*$")
# Bounded, so that a template of nothing but `${` costs no quadratic time.
PLACEHOLDER = re.compile(r"\$\{([^}\r\n]{1,256})\}")


def find_placeholders(template: str) -> list[str]:
    """Names in the order of their first appearance, as written."""
    return list(dict.fromkeys(PLACEHOLDER.findall(template)))


def needed_columns(template: str) -> list[str]:
    """Placeholders that name a column. Names that no spreadsheet has, such as pieces of script
    between braces, stay as they are in the page and need none.
    """
    return [name for name in find_placeholders(template) if _COLUMN.match(name)]


def substitute(template: str, row: Mapping[str, str]) -> str:
    """Put the row's values in, raw and in one pass; an unmatched placeholder stays as it is.

    Raw on purpose: values land inside scripts and attributes of real templates. The result must
    only ever run in the sandboxed frame.
    """
    return PLACEHOLDER.sub(lambda match: row.get(match[1], match[0]), template)
