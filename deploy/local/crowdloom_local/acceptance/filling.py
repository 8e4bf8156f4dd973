"""The hand that fills a page in and presses its button, alike in the frame and outside."""

from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from playwright.sync_api import BrowserContext, ElementHandle, Frame, JSHandle
from playwright.sync_api import Error as BrowserError

_FILL = files(__package__).joinpath("fill.js").read_text()
_CLICK_MS_MAX = 2_000
_BUTTON = """() => {
  const buttons = [...document.querySelectorAll('input[type=submit], input[type=image], button')]
    .filter((one) => ['submit', 'image'].includes(one.type));
  return document.getElementById('submitButton') ?? buttons[buttons.length - 1] ?? null;
}"""
_WATCH = """button => {
  const watch = { pressed: false };
  button.addEventListener('click', () => { watch.pressed = true; }, { capture: true });
  return watch;
}"""
# Some pages open their button only once their own check of the answer was asked for and went well.
_CHECK = r"""button => {
  if (!button.disabled) return;
  const others = [...document.querySelectorAll('input[type=button], button[type=button]')];
  const wanted = /\b(check|validate|verify)\b/i;
  const check = others.find((one) => wanted.test(`${one.value} ${one.textContent}`));
  if (check && !check.disabled) check.click();
}"""
_TRIES_MAX = 3
# Where a task's page runs, chance and time stand still: the same filling gives the same answer.
_STILL = """(() => {
  if (!/^\\/(frame|native)\\//.test(location.pathname)) return;
  let seed = 42;
  Math.random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
  const moment = Date.UTC(2026, 0, 1);
  const Native = Date;
  window.Date = class extends Native {
    constructor(...parts) { super(...(parts.length ? parts : [moment])); }
    static now() { return moment; }
  };
  performance.now = () => 1000;
})()"""


@dataclass(frozen=True)
class Filled:
    """`unfilled` are recorded fields that the page does not offer; `added` were required and not
    recorded.
    """

    unfilled: list[str]
    added: list[str]


def stand_still(context: BrowserContext) -> None:
    context.add_init_script(_STILL)


def fill(page: Frame, recorded: dict[str, str]) -> Filled:
    report: dict[str, Any] = page.evaluate(_FILL, recorded)
    return Filled(report["unfilled"], report["added"])


def press_submit(page: Frame) -> None:
    """Press the page's own button. Raises RuntimeError where there is none."""
    button = page.evaluate_handle(_BUTTON).as_element()
    if button is None:
        raise RuntimeError("the page has no submit button")
    button.evaluate(_CHECK)
    watch = button.evaluate_handle(_WATCH)
    for _ in range(_TRIES_MAX):
        try:
            button.click(timeout=_CLICK_MS_MAX)
        except BrowserError:
            _press_by_script(button)
        if _arrived(watch):
            return


def _arrived(watch: JSHandle) -> bool:
    """Whether the press met the button; pages move what is below a pointer by their animations, and
    a person presses again.
    """
    try:
        return bool(watch.evaluate("watch => watch.pressed"))
    except BrowserError:
        return True  # the page has gone on already


def _press_by_script(button: ElementHandle) -> None:
    """For a button that lies below something else or in a part that is folded away."""
    with suppress(BrowserError):  # it was pressed in the end, and its page has gone on
        button.evaluate("button => button.click()")
