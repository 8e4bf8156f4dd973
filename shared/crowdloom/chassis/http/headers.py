"""Security headers of every answer, and the policy of pages outside the task frame."""

from flask import Flask, Response

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; frame-src 'self'; object-src 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_OF_EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def add_security_headers(app: Flask) -> None:
    """Set what the view has not set itself (the task frame brings its own policy)."""

    @app.after_request
    def secure(response: Response) -> Response:
        is_page = response.mimetype == "text/html"
        policy = {"Content-Security-Policy": PAGE_POLICY if is_page else API_POLICY}
        # Looked up at once: each header that is not there costs an exception.
        there = {name.lower() for name, _ in response.headers}
        for name, value in (policy | _OF_EVERY_ANSWER).items():
            if name.lower() not in there:
                response.headers.add(name, value)
        return response
