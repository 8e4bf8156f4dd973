"""One HTTP API with retries that are safe: every call that changes something carries a key."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3.util.retry import Retry

Json = dict[str, Any]

PATIENCE_SECONDS = 60
_TIMEOUT_SECONDS = (5, 30)
_RETRIED_CODES = {"request_in_flight", "try_again"}
_SAFE_METHODS = {"GET", "HEAD"}


class Problem(Exception):
    """A refusal: `status`, a stable `code`, a sentence, and the document's other members."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(document.get("code", "error"))
        self.document = dict(document)
        super().__init__(f"{status} {self.code}: {document.get('detail', '')}")


class HttpApi:
    """Calls below `base_url`. Safe to use from one thread at a time.

    Connection failures, 429, 502, 503 and 504 are retried with back-off for `patience_seconds`;
    a repeated call has the same Idempotency-Key, so it takes effect once.
    """

    def __init__(
        self, base_url: str, token: str | None = None, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._patience_seconds = patience_seconds
        self._session = requests.Session()
        # Connections alone are urllib3's to retry: answered calls are retried below, where a
        # 503 with Retry-After is one more try and never the end of all patience.
        retry = Retry(
            total=2,
            backoff_factor=0.1,
            allowed_methods=None,
            status=0,
            respect_retry_after_header=False,
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retry))
        self._session.mount("https://", HTTPAdapter(max_retries=retry))
        self._session.headers["Accept"] = "application/json"
        self._renew: Callable[[], str] | None = None
        if token:
            self.use_token(token)

    def use_token(self, token: str) -> None:
        self._session.headers["Authorization"] = f"Bearer {token}"

    def renew_with(self, sign_in: Callable[[], str]) -> None:
        """How to get another token once the one in use has expired."""
        self._renew = sign_in

    def get(self, path: str, **query: Any) -> Json:
        answer: Json = self.call("GET", path, params=query).json()
        return answer

    def post(self, path: str, body: object = None, *, key: str | None = None) -> Json:
        """POST JSON; returns the answer's object, or an empty one where there is no content."""
        answer = self.call("POST", path, json=body if body is not None else {}, key=key)
        return answer.json() if answer.content else {}

    def items(self, path: str, **query: Any) -> Iterator[Json]:
        """Every item of a cursor-paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def call(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> requests.Response:
        """Send one call until it is answered. Raises Problem for a refusal."""
        headers = dict(options.pop("headers", {}))
        if method not in _SAFE_METHODS:
            headers.setdefault("Idempotency-Key", key or uuid.uuid4().hex)
        deadline = time.monotonic() + self._patience_seconds
        pause_seconds = 0.05
        renewals_left = 1 if self._renew and "Authorization" not in headers else 0
        while True:
            try:
                answer = self._try(method, path, headers, options, last=time.monotonic() > deadline)
            except Problem as problem:
                if problem.status != _EXPIRED or not renewals_left or self._renew is None:
                    raise
                renewals_left -= 1
                self.use_token(self._renew())
                continue
            if answer is not None:
                return answer
            time.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 2.0)

    def _try(
        self, method: str, path: str, headers: Json, options: Json, *, last: bool
    ) -> requests.Response | None:
        url = path if path.startswith("http") else self.base_url + path
        try:
            answer = self._session.request(
                method, url, headers=headers, timeout=_TIMEOUT_SECONDS, **options
            )
        except (requests.ConnectionError, requests.Timeout, ChunkedEncodingError):
            # The last is a server that ended in the middle of its answer.
            if last:
                raise
            return None
        if answer.ok:
            return answer
        problem = Problem(answer.status_code, _document(answer))
        if not last and (answer.status_code in _AGAIN or problem.code in _RETRIED_CODES):
            return None
        raise problem


_EXPIRED = 401
_AGAIN = {429, 500, 502, 503, 504}


def _document(answer: requests.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {"detail": answer.text[:500]}
    return document if isinstance(document, Mapping) else {"detail": str(document)}
