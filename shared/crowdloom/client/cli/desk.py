"""What every command shares: who calls which market, and how an answer is shown."""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crowdloom.client.api import HttpApi
from crowdloom.client.people import Requester, Staff
from crowdloom.kernel.money import Currency, Money

URL = "http://127.0.0.1:8000"
ViewT = TypeVar("ViewT", bound=Callable[..., Any])


class NotLoggedIn(click.ClickException):
    """There is no key and no session for the role at this market."""

    def __init__(self, role: str) -> None:
        command = "crowdloom login" + (" --finance" if role == "finance" else "")
        also = "" if role == "finance" else ", or set CROWDLOOM_API_KEY"
        super().__init__(f"You are not signed in. Run `{command}`{also}")


class Desk:
    """The caller's market and keys. Sessions are kept in a file that only the caller can read."""

    def __init__(self, *, url: str | None, api_key: str | None, as_json: bool = False) -> None:
        self._sessions = _sessions()
        self.url = url or self._sessions.get("url") or URL
        self._api_key = api_key
        self.as_json = as_json
        # Titles and answers are shown as they are: `[red]` or `:tree:` in them means nothing.
        self.console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
        self.notes = Console(
            stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False
        )

    def requester(self) -> Requester:
        """Raises NotLoggedIn."""
        return Requester(self._api("requester", self._api_key))

    def staff(self) -> Staff:
        """Raises NotLoggedIn."""
        return Staff(self._api("finance", None))

    def anonymous(self) -> HttpApi:
        """For signing in. Refusals come at once."""
        return HttpApi(self.url, patience_seconds=0)

    def keep_session(self, role: str, token: str) -> None:
        """Keep a session for the next command, and the market it belongs to as the usual one."""
        tokens = {**self._sessions.get("tokens", {}), _place(self.url, role): token}
        path = _sessions_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        # The mode is set before the first byte is written.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"url": self.url, "tokens": tokens}, file)

    def show(self, document: Any, people: Callable[[], None]) -> None:
        """Print the answer: as JSON where it was asked for, else what `people` prints."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            people()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table for people; a column whose title begins with # is aligned to the right."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in columns:
            right = title.startswith("#")
            table.add_column(title.lstrip("#"), justify="right" if right else "left")
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        self.console.print(table)

    def say(self, sentence: str) -> None:
        """A remark on the way; with --json it goes beside the answer, not into it."""
        (self.notes if self.as_json else self.console).print(sentence)

    def _api(self, role: str, key: str | None) -> HttpApi:
        token = key or self._sessions.get("tokens", {}).get(_place(self.url, role))
        if not token:
            raise NotLoggedIn(role)
        return HttpApi(self.url, token, patience_seconds=5)


def command(
    group: click.Group, name: str, meaning: str | None = None
) -> Callable[[ViewT], click.Command]:
    """A command of a group that takes `--json` and gets the desk as its first argument."""

    def decorate(view: ViewT) -> click.Command:
        @wraps(view)
        @click.pass_context
        def run(context: click.Context, /, *args: Any, as_json: bool, **options: Any) -> Any:
            desk = cast("Desk", context.obj)
            desk.as_json = desk.as_json or as_json
            return view(desk, *args, **options)

        made = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")(run)
        return group.command(name, help=meaning)(made)

    return decorate


def text_of(path: Path) -> str:
    """A file's text without its byte order mark. Raises ClickException where it is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        sentence = f"{path}, line {line}: not UTF-8; save the file as UTF-8 and try again"
        raise click.ClickException(sentence) from error


def money_text(wire: Mapping[str, Any]) -> str:
    """`12.34 USD`."""
    return str(Money.from_wire(wire))


class Amount(click.ParamType[Any]):
    """`0.05`, or `0.05 EUR`: becomes money as the API takes it."""

    name = "amount"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        written = _AMOUNT.fullmatch(str(value).strip())
        code = ((written and written["code"]) or "USD").upper()
        if written is None or code not in Currency.__members__:
            self.fail(f"{value!r} is no amount; write it like 0.05 or '0.05 EUR'", param, ctx)
        exponent, rest = Currency[code].exponent, written["rest"] or ""
        if len(rest) > exponent:
            self.fail(f"{code} has {exponent} digits after the point", param, ctx)
        minor = int(written["whole"] + rest.ljust(exponent, "0"))
        return {"amount_minor": minor, "currency": code}


_AMOUNT = re.compile(
    r"(?P<whole>[0-9]{1,12})(?:\.(?P<rest>[0-9]{1,4}))?(?: ?(?P<code>[A-Za-z]{3}))?"
)


def _place(url: str, role: str) -> str:
    return f"{role}@{url.rstrip('/')}"


def _sessions_file() -> Path:
    return Path(click.get_app_dir("crowdloom")) / "sessions.json"


def _sessions() -> dict[str, Any]:
    try:
        kept = json.loads(_sessions_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
