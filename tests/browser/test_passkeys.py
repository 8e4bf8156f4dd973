"""Passkeys with Chromium's own virtual device: a worker's account, and staff's second factor."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import payment_service.bootstrap
import payment_service.config
import payment_service.entrypoints.wsgi
import pyotp
import pytest
import worker_service.adapters.mongo_session
import worker_service.bootstrap
import worker_service.config
import worker_service.entrypoints.wsgi
from crowdloom.chassis.passkeys import Passkeys
from crowdloom.chassis.tokens import new_signing_key
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from pymongo import MongoClient

pytestmark = pytest.mark.browser

KEYS = {name: new_signing_key() for name in ("worker-service", "payment-service")}
ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_WORKER_SERVICE_SIGNING_KEY": KEYS["worker-service"][0],
    "CROWDLOOM_PAYMENT_SERVICE_SIGNING_KEY": KEYS["payment-service"][0],
    "CROWDLOOM_PUBLIC_KEYS": json.dumps({name: public for name, (_, public) in KEYS.items()}),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    "CROWDLOOM_STRIPE_API_KEY": "sk_test_tests",
    "CROWDLOOM_STRIPE_WEBHOOK_SECRET": "whsec_tests",
    "CROWDLOOM_SANDBOX": "true",
}
EMAIL, PASSWORD, SECRET = "ada@example.org", "a long enough password", pyotp.random_base32()
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def made_with(mongodb_uri: str) -> Iterator[Callable[..., Any]]:
    """`made_with(build, settings)`: a service in a database of its own."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
    name = f"passkeys-{uuid.uuid4().hex[:8]}"
    yield lambda build, settings: build(settings, client=client, database=name)
    client.drop_database(name)
    client.close()


def named(passkeys: Passkeys, origin: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Browsers allow passkeys at a name: the same server, called by one."""
    address = origin.replace("127.0.0.1", "localhost")
    monkeypatch.setattr(passkeys, "_origin", address)
    return address


@contextmanager
def device(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that has a device with a finger on it."""
    context = chromium.new_context()
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    line.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    yield page
    context.close()


def test_a_worker_starts_and_comes_back_by_a_passkey(
    chromium: Browser,
    serve: Callable[[Flask], str],
    made_with: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = worker_service
    application = made_with(service.bootstrap.build, service.config.read_settings(ENVIRONMENT))
    application.store.migrate(service.adapters.mongo_session.INDEXES)
    origin = serve(service.entrypoints.wsgi.create_web(application))
    origin = named(application.passkeys, origin, monkeypatch)
    with device(chromium) as page:
        page.goto(f"{origin}/work/start")
        page.get_by_role("button", name="Start with a passkey instead").click()
        page.wait_for_url("**/work/queue*")
        page.goto(f"{origin}/work/account")
        expect(page.get_by_text("No code yet")).to_be_visible()
        page.context.clear_cookies()
        page.goto(f"{origin}/work/sign-in")
        page.get_by_role("button", name="Use a passkey").click()
        page.wait_for_url("**/work/queue*")
        page.goto(f"{origin}/work/account")
        expect(page.locator(".rows").first.get_by_role("listitem")).to_have_count(2)


def test_staff_add_a_passkey_and_use_it_instead_of_the_code(
    chromium: Browser,
    serve: Callable[[Flask], str],
    made_with: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = payment_service
    application = made_with(service.bootstrap.build, service.config.read_settings(ENVIRONMENT))
    application.store.migrate_all()
    application.add_staff(email=EMAIL, grants=["operator"], password=PASSWORD, secret=SECRET)
    origin = serve(service.entrypoints.wsgi.create_web(application))
    origin = named(application.passkeys, origin, monkeypatch)
    with device(chromium) as page:

        def typed(code: str) -> None:
            page.goto(f"{origin}/finance/sign-in?next=/operator")
            page.get_by_label("E-mail").fill(EMAIL)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_label("Code").fill(code)

        typed(pyotp.TOTP(SECRET).now())
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/operator")
        page.goto(f"{origin}/finance/account")
        page.get_by_label("Name").fill("ring")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_text("ring", exact=True)).to_be_visible()
        page.context.clear_cookies()
        typed("")
        page.get_by_role("button", name="Use a passkey instead of the code").click()
        page.wait_for_url("**/operator")
