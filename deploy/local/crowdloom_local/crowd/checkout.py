"""What a person does on the processor's own pages: pays a checkout, completes an onboarding.

The pages are forms; a simulated person fills them in and presses the button, as a browser would.
"""

from urllib.parse import urljoin

import requests
from selectolax.lexbor import LexborHTMLParser

_TIMEOUT_SECONDS = 20


def pay_checkout(url: str) -> None:
    _press(url, "pay")


def complete_onboarding(url: str) -> None:
    _press(url, "complete")


def refuse_transfers(url: str) -> None:
    """Complete the onboarding of somebody whose transfers the processor will refuse."""
    _press(url, "refuse")


def _press(url: str, action: str) -> None:
    """Submit the form on the page whose button or action is named `action`."""
    with requests.Session() as browser:
        page = browser.get(url, timeout=_TIMEOUT_SECONDS)
        page.raise_for_status()
        for form in LexborHTMLParser(page.text).css("form"):
            fields = {
                str(node.attributes["name"]): node.attributes.get("value") or ""
                for node in form.css("input[name]")
            }
            buttons = {button.attributes.get("value") for button in form.css("button")}
            target = urljoin(page.url, form.attributes.get("action") or "")
            if action not in buttons and not target.endswith(f"/{action}"):
                continue
            names = {button.attributes.get("name") for button in form.css("button")} - {None}
            fields.update({str(name): action for name in names})
            answer = browser.post(
                target, data=fields, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
            answer.raise_for_status()
            return
    raise RuntimeError(f"{url} has no form to {action}")
