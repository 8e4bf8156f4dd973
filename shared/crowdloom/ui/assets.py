"""Static files under a URL with the digest of their content, so that they are cached for ever.

The shared files live under `/static/<digest>/`, a service's own under `<prefix>/static/<digest>/`.
The digest covers a whole folder: files may then name one another by relative URL.
"""

import hashlib
from pathlib import Path

from flask import Blueprint, Flask, Response, make_response, send_from_directory, url_for

SHARED_STATIC = Path(__file__).parent / "static"
_DIGEST_CHARACTERS = 12
_YEAR_SECONDS = 31_536_000


def digest_of(folder: Path) -> str:
    """One digest over the names and contents of every file in the folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGEST_CHARACTERS]


class StaticFolder:
    """One folder served by one blueprint; `url` is what templates call."""

    def __init__(self, name: str, folder: Path, url_prefix: str) -> None:
        self._endpoint = f"{name}.file"
        self._folder = folder
        self._digest = digest_of(folder)
        self.blueprint = Blueprint(name, __name__, url_prefix=url_prefix)
        self.blueprint.add_url_rule(
            "/static/v/<digest>/<path:name>", endpoint="file", view_func=self._serve
        )

    def url(self, name: str) -> str:
        """The address of a file; raises FileNotFoundError for one that is not there."""
        if not (self._folder / name).is_file():
            raise FileNotFoundError(f"no static file {name!r} in {self._folder.name}")
        return url_for(self._endpoint, digest=self._digest, name=name)

    def _serve(self, digest: str, name: str) -> Response:
        response = make_response(send_from_directory(self._folder, name))
        response.headers["X-Content-Type-Options"] = "nosniff"
        if digest == self._digest:
            response.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
        else:
            # A page from before a release asks for what was: it gets what is, and does not keep it.
            response.headers["Cache-Control"] = "no-store"
        return response


def mount_shared_static(app: Flask) -> None:
    """Give templates `asset(name)`."""
    shared = StaticFolder("ui_static", SHARED_STATIC, "")
    app.register_blueprint(shared.blueprint)
    app.jinja_env.globals["asset"] = shared.url


def mount_own_static(app: Flask, *, prefix: str, folder: Path) -> None:
    """Give templates `own_asset(name)`, where the service has files of its own."""
    if not folder.is_dir():
        return
    service = StaticFolder("own_static", folder, prefix)
    app.register_blueprint(service.blueprint)
    app.jinja_env.globals["own_asset"] = service.url
