"""What Stripe's published specification says of the calls that the simulator answers."""

import os
from urllib.parse import urlsplit

import requests
import stripe

ADDRESS = "CROWDLOOM_STRIPE_MOCK_URL"
MOCK_URL = os.environ.get(ADDRESS, "").rstrip("/")
_PASSED_ON = ("Authorization", "Content-Type")
_SECONDS = 20
_TAKEN, _REFUSED = 200, 400


class Mirrored(stripe.RequestsClient):
    """Sends what goes to the simulator to stripe-mock too, which refuses by Stripe's OpenAPI.

    `laxer` are the calls that the simulator carried out and Stripe's specification does not know.
    """

    def __init__(self, **given):
        super().__init__(**given)
        self.laxer = []

    def request(self, method, url, headers, post_data=None):
        answer = super().request(method, url, headers, post_data)
        parts = urlsplit(url)
        # stripe-mock has nothing of v2.
        if parts.path.startswith("/v1/") and answer[1] == _TAKEN:
            at = f"{MOCK_URL}{parts.path}?{parts.query}"
            kept = {name: headers[name] for name in _PASSED_ON if name in headers}
            verdict = requests.request(method, at, headers=kept, data=post_data, timeout=_SECONDS)
            if verdict.status_code >= _REFUSED:
                self.laxer.append((method, at, post_data, verdict.text))
        return answer
