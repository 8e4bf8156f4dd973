"""Staff of a market on one machine: made by payment-service's own command, signed in over HTTP."""

import subprocess
import sys
from collections.abc import Sequence

import pyotp
from crowdloom.client import Staff

from crowdloom_local.market import Market

OWN_MONEY = {"amount_minor": 10_000, "currency": "USD"}
PASSWORD = "market-on-one-machine"  # noqa: S105 - printed for whoever started the market here


def make_staff(market: Market, email: str, grants: Sequence[str], totp_secret: str) -> None:
    """Create the person, or do nothing where there is one with this e-mail."""
    subprocess.run(
        [
            *(sys.executable, "-m", "payment_service", "staff", "add"),
            *("--email", email, "--password", PASSWORD),
            *("--grants", ",".join(grants), "--totp-secret", totp_secret),
        ],
        env=market.environment_of_services(),
        check=True,
        capture_output=True,
    )


def add_staff(market: Market, email: str, grants: Sequence[str]) -> Staff:
    """Create a person and sign in as that person."""
    secret = pyotp.random_base32()
    make_staff(market, email, grants, secret)
    return Staff.sign_in(market.url, email=email, password=PASSWORD, totp_secret=secret)


def open_books(maker: Staff, checker: Staff) -> None:
    """The platform's own money, by an entry of two people: it bears the processor's fees."""
    lines = [
        {"account": "asset:bank:main:USD", "side": "debit", "amount": OWN_MONEY},
        {"account": "equity:opening:USD", "side": "credit", "amount": OWN_MONEY},
    ]
    proposal = maker.propose("manual_entry", {"lines": lines}, reason="The platform's own money")
    checker.decide(proposal["approval_id"], proposal["content_hash"])
