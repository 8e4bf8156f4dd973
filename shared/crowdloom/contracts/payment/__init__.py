"""What payment-service says: reserved funds (open to all), rewards and payouts (closed ones)."""

from crowdloom.contracts.payment.bonuses import BonusDeclined, BonusSettled
from crowdloom.contracts.payment.fees import PLATFORM_FEE_BASIS_POINTS, slot_fee
from crowdloom.contracts.payment.funding import (
    BatchFunded,
    BatchFundingDeclined,
    BatchFundsReleased,
)
from crowdloom.contracts.payment.refunds import RefundDeclined, RefundSettled
from crowdloom.contracts.payment.rewards import (
    PayoutCameBack,
    PayoutFailed,
    PayoutPaid,
    RewardSettled,
)
from crowdloom.contracts.payment.vat import VatSet

__all__ = [
    "PLATFORM_FEE_BASIS_POINTS",
    "BatchFunded",
    "BatchFundingDeclined",
    "BatchFundsReleased",
    "BonusDeclined",
    "BonusSettled",
    "PayoutCameBack",
    "PayoutFailed",
    "PayoutPaid",
    "RefundDeclined",
    "RefundSettled",
    "RewardSettled",
    "VatSet",
    "slot_fee",
]
