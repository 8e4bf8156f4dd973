"""Security headers of every answer, and the policy of pages outside the task frame."""

from flask import Flask, Response

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; frame-src 'self'; object-src 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def add_security_headers(app: Flask) -> None:
    """Set what the view has not set itself (the task frame brings its own policy)."""

    @app.after_request
    def secure(response: Response) -> Response:
        is_page = response.mimetype == "text/html"
        policy = PAGE_POLICY if is_page else API_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response
