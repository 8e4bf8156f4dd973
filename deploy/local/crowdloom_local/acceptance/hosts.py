"""Foreign hosts: what cases load from public CDNs comes from local npm copies, or not at all."""

import mimetypes
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Route
from playwright.sync_api import Error as BrowserError

_INSTALL_SECONDS_MAX = 180
_FOREIGN = re.compile(r"^\w+://(?!127\.0\.0\.1[:/])")
_JQUERY = r"(1\.11|2\.2\.4|3\.1\.0|3\.2\.1|3\.3\.1|3\.6\.0)"
_JQUERY_OF = {"1.11": "1.11.3"}
_BOOTSTRAP = r"bootstrap/(3\.0\.3|3\.3\.7|3\.4\.1|4\.0\.0|4\.1\.2|4\.1\.3)/(css|js)/"
# npm has no 3.0 of Bootstrap; the first it has stands in.
_BOOTSTRAP_OF = {"3.0.3": "3.1.1"}
_FILES: Sequence[tuple[str, str]] = (
    (_JQUERY + r"[\d.]*(?:/jquery)?((?:\.slim)?(?:\.min)?\.js)$", "jquery-{0}/dist/jquery{1}"),
    (_BOOTSTRAP + r"(bootstrap(?:\.min)?\.(?:js|css))$", "bootstrap-{0}/dist/{1}/{2}"),
    (r"mturk-public/bs30/css/(bootstrap\.min\.css)$", "bootstrap-3.1.1/dist/css/{0}"),
    (r"popper\.js/(1\.12\.9|1\.14\.3)/(umd/popper\.min\.js)$", "popper.js-{0}/dist/{1}"),
    (r"/ui/1\.11\.4/(jquery-ui\.js)$", "jquery-ui-dist/{0}"),
    (r"/ui/1\.11\.4/themes/[\w-]+/(jquery-ui\.css)$", "jquery-ui-dist/{0}"),
    (r"/((?:js|css)/jquery\.dataTables(?:\.min)?\.(?:js|css))$", "datatables/media/{0}"),
    (r"bootstrap-slider/10\.6\.1/(bootstrap-slider\.js)$", "bootstrap-slider/dist/{0}"),
    (r"chroma-js/1\.3\.7/(chroma\.min\.js)$", "chroma-js/{0}"),
    (r"svg\.js/2\.6\.5/(svg\.min\.js)$", "svg.js/dist/{0}"),
    (r"lightbox2/2\.11\.1/((?:js|css)/lightbox[\w.-]*)$", "lightbox2/dist/{0}"),
    (r"tachyons@4\.10\.0/(css/tachyons\.min\.css)$", "tachyons/{0}"),
)


def install_libraries(folder: Path) -> Path | None:
    """Fetch the pinned packages with npm into `folder`; None where there is no npm, or no line."""
    modules = folder / "node_modules"
    npm = shutil.which("npm")
    if npm is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    lock = files(__package__).joinpath("package-lock.json").read_bytes()
    fetched = folder / "fetched.lock"
    if fetched.exists() and fetched.read_bytes() == lock:
        return modules
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes(files(__package__).joinpath(name).read_bytes())
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=_INSTALL_SECONDS_MAX)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    fetched.write_bytes(lock)
    return modules


def local_file(url: str) -> str | None:
    """Where the packages have what a CDN's address names, below `node_modules`."""
    path = urlsplit(url).path
    for pattern, target in _FILES:
        found = re.search(pattern, path)
        if found:
            parts = [_JQUERY_OF.get(part, _BOOTSTRAP_OF.get(part, part)) for part in found.groups()]
            return target.format(*parts)
    return None


@dataclass
class ForeignHosts:
    """Answers every request that leaves this machine: from a package, or not at all."""

    modules: Path | None
    blocked: set[str] = field(default_factory=set)

    def guard(self, context: BrowserContext) -> None:
        context.route(_FOREIGN, self._answer)

    def _answer(self, route: Route) -> None:
        url = route.request.url
        name = local_file(url) if self.modules else None
        path = self.modules / name if self.modules and name else None
        try:
            if path is None or not path.is_file():
                self.blocked.add(urlsplit(url).netloc)
                route.abort("blockedbyclient")
                return
            route.fulfill(
                body=path.read_bytes(),
                content_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
                headers={"Access-Control-Allow-Origin": "*"},
            )
        except BrowserError:
            """The page was closed before it was answered."""
