"""A Chromium with nothing but a hand at it, over the pipe of its DevTools protocol.

Playwright attaches a debugger to every frame that comes into a page, and holds the frame until it
is set up; no worker's browser does that. Here the page alone is attached to, and its input comes
from the browser, which finds the frame under the pointer by itself.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from crowdloom_local.acceptance.browser import arguments, find_chromium

_WAIT_SECONDS_MAX = 30.0
_LOOK_SECONDS = 0.05
_READ_BYTES = 1 << 16
_THIRD_AND_FOURTH = """
import fcntl, os, sys
out_of_the_way = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1].split(",")]
for ours, theirs in zip(out_of_the_way, (3, 4)):
    os.dup2(ours, theirs)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Chromium reads calls from its file 3, and answers on its file 4."""
_COOKIE_FIELDS = ("name", "value", "domain", "path", "expires", "httpOnly", "secure", "sameSite")


class PageIsGone(RuntimeError):
    """The page that was asked is not there any more: another one has taken its place."""


class PipedChromium:
    """One page in a browser with a profile of its own; `close` it."""

    def __init__(self, profile: str) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        command = [str(find_chromium()), *arguments(), "--headless", "--remote-debugging-pipe"]
        command += [f"--user-data-dir={profile}", "--no-first-run", "--window-size=1280,860"]
        command.append("about:blank")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _THIRD_AND_FOURTH, f"{theirs_in},{theirs_out}", *command],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._read = b""
        self._number = 0
        self._session: str | None = None
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = self._call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def take_cookies(self, cookies: Iterable[Mapping[str, Any]]) -> None:
        kept = [{name: one[name] for name in _COOKIE_FIELDS if name in one} for one in cookies]
        self._call("Network.setCookies", cookies=kept)

    def go(self, url: str) -> None:
        self._call("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """Its value, or what it promises. Raises PageIsGone."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        return answer["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """Raises TimeoutError."""
        end = time.monotonic() + _WAIT_SECONDS_MAX
        while time.monotonic() < end:
            try:
                if self.ask(expression):
                    return
            except PageIsGone:
                pass
            time.sleep(_LOOK_SECONDS)
        raise TimeoutError(expression)

    def click(self, selector: str, *, corner: bool = False) -> None:
        """In the middle of the first one, or just within its corner, wherever it is."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        inside = "[x + 3, y + 3]" if corner else "[x + width / 2, y + height / 2]"
        place = self.ask(f"(({{x, y, width, height}}) => {inside})({box})")
        for kind in ("mousePressed", "mouseReleased"):
            self._call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def press_key(self, key: str, text: str = "") -> None:
        code = {"Tab": 9}.get(key, ord(key[0].upper()))
        named = {"key": key, "windowsVirtualKeyCode": code}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self._call("Input.dispatchKeyEvent", **down, **named)
        self._call("Input.dispatchKeyEvent", type="keyUp", **named)

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        call = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._out, json.dumps(call).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                break
        if "error" in answer or "exceptionDetails" in answer["result"]:
            raise PageIsGone(json.dumps(answer)[:500])
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            came = os.read(self._in, _READ_BYTES)
            if not came:
                raise EOFError("Chromium is gone")
            self._read += came
        one, self._read = self._read.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(one)
        return answer
