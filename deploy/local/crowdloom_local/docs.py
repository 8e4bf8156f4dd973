"""Everything that is generated and committed: event catalogue, OpenAPI, configuration guide."""

import ast
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from crowdloom.chassis.tokens import new_signing_key
from crowdloom.contracts import catalogue
from crowdloom.ui import catalogues

from crowdloom_local.secrets import SERVICES

ROOT = Path(__file__).resolve().parents[3]
_AREAS = {
    "task-service": "tasks",
    "worker-service": "workers",
    "matching-service": "matching",
    "payment-service": "payments",
}
_GUIDE_HEAD = """# Configuration

Generated from the services' `config.py` files by `make docs`; do not edit. Every name is an
environment variable; a service that starts with some missing or unreadable names them all at once.
"""


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    generated = catalogue.files()
    generated[ROOT / "docs" / "guides" / "configuration.md"] = configuration_guide()
    for service, area in _AREAS.items():
        generated[ROOT / "docs" / "api" / f"{area}.json"] = openapi(service, area)
    return generated


def openapi(service: str, area: str) -> str:
    """The service's OpenAPI document, read from its application without any engine running."""
    module = import_module(f"{service.replace('-', '_')}.entrypoints.wsgi")
    client = module.create_wsgi_app(_idle_environment()).test_client()
    document = client.get(f"/api/{area}/openapi.json").get_json()
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def configuration_guide() -> str:
    parts = [_GUIDE_HEAD, _section("Every service", ROOT / "shared/crowdloom/chassis/settings.py")]
    for service in SERVICES:
        package = service.replace("-", "_")
        parts.append(_section(service, ROOT / "services" / service / package / "config.py"))
    return "\n".join(parts)


def _section(title: str, source: Path) -> str:
    rows = [f"| `{name}` | {kind} | {default} |" for name, kind, default in _settings(source)]
    head = ["| name | type | without it |", "|---|---|---|"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


def _settings(source: Path) -> Iterator[tuple[str, str, str]]:
    """(name, type, default) of every `env.<type>("NAME", default)` in the file."""
    for node in ast.walk(ast.parse(source.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        receiver = node.func.value
        if not (isinstance(receiver, ast.Name) and receiver.id == "env" and node.args):
            continue
        name = ast.unparse(node.args[0]).strip("'\"").removeprefix("f'").removesuffix("'")
        default = f"`{ast.unparse(node.args[1])}`" if len(node.args) > 1 else "refuses to start"
        for keyword in node.keywords:
            if keyword.arg == "default":
                default = f"`{ast.unparse(keyword.value)}`"
        yield f"CROWDLOOM_{name.replace('{prefix}', '<SERVICE>')}", node.func.attr, default


def _idle_environment() -> dict[str, str]:
    """Settings with which an application can be built, though nothing would answer it."""
    keys = {service: new_signing_key() for service in SERVICES}
    signing = {
        f"CROWDLOOM_{service.replace('-', '_').upper()}_SIGNING_KEY": private
        for service, (private, _) in keys.items()
    }
    return {
        **signing,
        "CROWDLOOM_PUBLIC_KEYS": json.dumps({service: key for service, (_, key) in keys.items()}),
        "CROWDLOOM_MONGODB_URI": "mongodb://127.0.0.1:9/?connect=false",
        "CROWDLOOM_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        "CROWDLOOM_PSEUDONYM_KEY": "00" * 32,
        "CROWDLOOM_CURSOR_KEY": "00" * 32,
        "CROWDLOOM_SANDBOX": "true",
        "CROWDLOOM_STRIPE_API_KEY": "sk_test_idle",
        "CROWDLOOM_STRIPE_WEBHOOK_SECRET": "whsec_idle",
        "CROWDLOOM_STRIPE_API_BASE": "http://127.0.0.1:9",
        "CROWDLOOM_LOG_LEVEL": "WARNING",
    }


def main(action: str) -> int:
    """`write` regenerates; `check` returns 1 and names the stale files."""
    if action == "write":
        for path, text in files().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return catalogues.main(["extract"]) or catalogues.main(["compile"])
    stale = [
        path for path, text in files().items() if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        sys.stderr.write(f"stale, run `make docs`: {path.relative_to(ROOT)}\n")
    return 1 if stale else catalogues.main(["check"])
