"""The simulator's settings: flags first, environment second. Nobody else reads the environment."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
LIVE_KEY_PREFIXES = ("sk_live_", "rk_live_")
# Names under which a live key could be lying around beside us.
KEY_NAMES = ("CROWDLOOM_STRIPE_API_KEY", "STRIPE_API_KEY", "STRIPE_SECRET_KEY")


class RefusedToStart(Exception):
    """The environment is one in which a simulator must not run."""


@dataclass(frozen=True)
class Settings:
    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    settle_seconds: int = 0
    payout_seconds: int = 0
    fee_basis_points: int = 290
    fee_fixed_minor: int = 30
    webhook_url: str = ""
    webhook_secret: str = ""
    webhook_hosts: frozenset[str] = field(default=LOOPBACK_HOSTS)
    webhook_retry_first_seconds: float = 0.5
    webhook_retry_seconds_max: float = 30.0
    webhook_attempts_max: int = 200
    webhook_timeout_seconds: float = 10.0
    connections_max: int = 64


def refuse_live_keys(environ: Mapping[str, str]) -> None:
    for name in KEY_NAMES:
        if environ.get(name, "").startswith(LIVE_KEY_PREFIXES):
            raise RefusedToStart(f"{name} is a live key: the simulator does not run beside one.")


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Raises RefusedToStart beside a live key, and when the port would leave this machine."""
    refuse_live_keys(environ)
    given = _parser(environ).parse_args(argv)
    if given.host not in LOOPBACK_HOSTS and not given.leave_loopback:
        raise RefusedToStart(f"--host {given.host} needs --leave-loopback: anyone could pay out.")
    if given.public_url and urlsplit(given.public_url).scheme not in {"http", "https"}:
        raise RefusedToStart("--public-url is no http(s) address.")
    return Settings(
        data=given.data,
        host=given.host,
        port=given.port,
        public_url=given.public_url.rstrip("/"),
        settle_seconds=given.settle_seconds,
        payout_seconds=given.payout_seconds,
        fee_basis_points=given.fee_bps,
        fee_fixed_minor=given.fee_fixed,
        webhook_url=given.webhook_url,
        webhook_secret=environ.get("STRIPE_SIMULATOR_WEBHOOK_SECRET", ""),
        webhook_hosts=LOOPBACK_HOSTS | frozenset(given.webhook_host),
    )


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stripe_simulator", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=int(environ.get("STRIPE_SIMULATOR_PORT", "12111")))
    add("--data", type=Path, default=Path(environ.get("STRIPE_SIMULATOR_DATA", ".data/stripe")))
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--leave-loopback", action="store_true", help="allow a --host that others can reach")
    add(
        "--public-url",
        default=environ.get("STRIPE_SIMULATOR_PUBLIC_URL", ""),
        help="origin of the hosted pages as browsers reach it; default http://HOST:PORT",
    )
    add("--webhook-url", default=environ.get("STRIPE_SIMULATOR_WEBHOOK_URL", ""))
    add("--webhook-host", action="append", default=[], help="a host beyond loopback to call")
    add("--settle-seconds", type=int, default=0, help="from charge to available balance")
    add("--payout-seconds", type=int, default=0, help="from payout to the bank")
    add("--fee-bps", type=int, default=290, help="fee on a charge, in 1/10000")
    add("--fee-fixed", type=int, default=30, help="fixed fee on a charge, minor units")
    return parser
