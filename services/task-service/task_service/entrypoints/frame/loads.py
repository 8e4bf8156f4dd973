"""What a frame loads besides its scripts: kept files, samples, and pictures of recordings.

A frame sends no cookies with what it loads, so the address of a kept file is its permission, and
everybody may load the rest. Behind a recording's address, `/wave.svg` is its picture.
"""

from pathlib import Path

from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, send_from_directory
from werkzeug.security import safe_join

from task_service.bootstrap import Application
from task_service.entrypoints.file_links import PREFIX, FileLinks
from task_service.entrypoints.frame.waves import wave_response
from task_service.entrypoints.http.sources import file_response

SAMPLES = "/frame/samples"
_SAMPLES_FOLDER = Path(__file__).parent / "samples"
_DAY_SECONDS = 86_400


def frame_loads(application: Application, links: FileLinks) -> Blueprint:
    blueprint = Blueprint("frame_files", __name__)

    @blueprint.after_request
    def share(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    @blueprint.get(f"{PREFIX}/<token>")
    def file(token: str) -> Response:
        owner, digest = links.read(token)
        return file_response(application.merge_source.open(owner, digest), digest)

    @blueprint.get(f"{PREFIX}/<token>/wave.svg")
    def wave_of_file(token: str) -> Response:
        owner, digest = links.read(token)
        return wave_response(
            application.picture_of(application.merge_source.open(owner, digest).read())
        )

    @blueprint.get(f"{SAMPLES}/<name>")
    def sample(name: str) -> Response:
        return send_from_directory(_SAMPLES_FOLDER, name, max_age=_DAY_SECONDS)

    @blueprint.get(f"{SAMPLES}/<name>/wave.svg")
    def wave_of_sample(name: str) -> Response:
        path = safe_join(str(_SAMPLES_FOLDER), name)
        if path is None or not Path(path).is_file():
            raise NotFound("There is no such sample")
        return wave_response(application.picture_of(Path(path).read_bytes()))

    return blueprint
