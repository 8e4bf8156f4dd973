"""Settings from the environment; every missing or bad name is reported at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from crowdloom.chassis.settings import CommonSettings, read_common, read_environment

from payment_service.domain.deductions import PayoutRules, read_fees
from payment_service.domain.vat import VatRules, read_rates

SERVICE = "payment-service"
STRIPE_BASE = "https://api.stripe.com"
_STRIPE_PAGES = "https://checkout.stripe.com https://connect.stripe.com"
_LIVE_KEYS = ("sk_live_", "rk_live_")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class RefusedToStart(ValueError):
    """Settings with which real money could go where it must not."""


@dataclass(frozen=True)
class Settings:
    """`clearing_seconds` is how long a reward is held before it is payable; `hosted_pages` are the
    origins of the processor's pages that our forms may lead to. From a total of
    `payout_second_approval_minor` on (0: never) two people approve a run, from
    `payout_third_approval_minor` on three, and `payout_reserve_minor` stays where the money comes
    from. Account details have to be `payout_details_days` old. `payout_rails` are stripe, bank_file
    (from the account `payout_bank_*`) and gift_credit. `vat` has the rates of each country,
    `payout_rules` what is taken from a payout.
    """

    common: CommonSettings
    stripe_api_key: str
    stripe_api_base: str
    stripe_webhook_secrets: tuple[str, ...]
    hosted_pages: str
    currency: str
    payout_minimum_minor: int
    payout_second_approval_minor: int
    payout_third_approval_minor: int
    payout_reserve_minor: int
    payout_details_days: int
    payout_rails: tuple[str, ...]
    payout_bank_holder: str
    payout_bank_iban: str
    payout_bank_bic: str
    clearing_seconds: int
    payout_country: str
    trusted_proxy_count: int
    invoice_issuer: str
    vat: VatRules
    payout_rules: PayoutRules


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises EnvValidationError naming everything missing or wrong, or RefusedToStart."""
    env = read_environment(environment)
    common = read_common(env, service=SERVICE)
    base = env.str("STRIPE_API_BASE", STRIPE_BASE)
    country = env.str("PAYOUT_COUNTRY", "us")
    settings = Settings(
        common=common,
        stripe_api_key=env.str("STRIPE_API_KEY"),
        stripe_api_base=base,
        stripe_webhook_secrets=tuple(env.list("STRIPE_WEBHOOK_SECRET") or ()),
        hosted_pages=env.str("STRIPE_PAGES", _STRIPE_PAGES if base == STRIPE_BASE else base),
        currency=env.str("CURRENCY", "USD"),
        payout_minimum_minor=env.int("PAYOUT_MINIMUM_MINOR", 1),
        payout_second_approval_minor=env.int("PAYOUT_SECOND_APPROVAL_MINOR", 0),
        payout_third_approval_minor=env.int("PAYOUT_THIRD_APPROVAL_MINOR", 0),
        payout_reserve_minor=env.int("PAYOUT_RESERVE_MINOR", 0),
        payout_details_days=env.int("PAYOUT_DETAILS_DAYS", 0),
        payout_rails=tuple(env.list("PAYOUT_RAILS", ["stripe", "gift_credit"]) or ()),
        payout_bank_holder=env.str("PAYOUT_BANK_HOLDER", ""),
        payout_bank_iban=env.str("PAYOUT_BANK_IBAN", ""),
        payout_bank_bic=env.str("PAYOUT_BANK_BIC", ""),
        clearing_seconds=env.int("CLEARING_SECONDS", 0),
        payout_country=country,
        trusted_proxy_count=env.int("TRUSTED_PROXY_COUNT", 0),
        invoice_issuer=env.str("INVOICE_ISSUER", "Crowdloom"),
        payout_rules=_payout_rules(
            env.list("PAYOUT_FEES", []) or (),
            env.list("WITHHOLDING_RATES", []) or (),
            country,
        ),
        vat=_vat(env.str("VAT_HOME_COUNTRY", ""), env.list("VAT_RATES", []) or ()),
    )
    env.seal()
    _refuse_dangerous(settings)
    return settings


def _vat(home: str, rates: Iterable[str]) -> VatRules:
    try:
        return VatRules(home, read_rates(rates))
    except ValueError as error:
        raise RefusedToStart(f"VAT_RATES are like DE:2021-01-01:1900; {error}") from error


def _payout_rules(fees: Iterable[str], rates: Iterable[str], country: str) -> PayoutRules:
    try:
        return PayoutRules(read_fees(fees), read_rates(rates), country)
    except ValueError as error:
        raise RefusedToStart(
            "PAYOUT_FEES are like bank_file:EUR:35, "
            f"WITHHOLDING_RATES like US:2026-01-01:2400; {error}"
        ) from error


def _refuse_dangerous(settings: Settings) -> None:
    live = settings.stripe_api_key.startswith(_LIVE_KEYS)
    base = urlsplit(settings.stripe_api_base)
    if live and settings.common.sandbox:
        raise RefusedToStart("a live Stripe key and the sandbox exclude each other")
    if live and settings.stripe_api_base != STRIPE_BASE:
        raise RefusedToStart("a live Stripe key is sent to Stripe alone")
    if base.scheme != "https" and base.hostname not in _LOOPBACK:
        raise RefusedToStart("plain http to the payment processor must not leave this machine")
    if "bank_file" in settings.payout_rails and not (
        settings.payout_bank_holder and settings.payout_bank_iban
    ):
        raise RefusedToStart("bank files need PAYOUT_BANK_HOLDER and PAYOUT_BANK_IBAN")
