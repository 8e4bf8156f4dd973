"""What the settings say, as the use cases take it."""

from payment_service.application.bank_files import OwnAccount
from payment_service.application.plan_runs import RunLimits
from payment_service.config import Settings
from payment_service.domain.iban import parse_iban


def run_limits(settings: Settings) -> RunLimits:
    return RunLimits(
        minimum_minor=settings.payout_minimum_minor,
        second_approval_minor=settings.payout_second_approval_minor,
        third_approval_minor=settings.payout_third_approval_minor,
        reserve_minor=settings.payout_reserve_minor,
        details_days=settings.payout_details_days,
    )


def own_account(settings: Settings) -> OwnAccount | None:
    """Where bank files take their money from; None where the market makes none."""
    if not settings.payout_bank_iban:
        return None
    return OwnAccount(
        settings.payout_bank_holder, parse_iban(settings.payout_bank_iban), settings.payout_bank_bic
    )
