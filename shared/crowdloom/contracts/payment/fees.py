"""The published fee, so that the price a requester sees is the price that is reserved."""

from crowdloom.kernel.money import Money

PLATFORM_FEE_BASIS_POINTS = 2_000
_FEE_UNITS_MIN = 1


def slot_fee(reward: Money) -> Money:
    """The platform's fee for one slot: 20 % of the reward, half a unit up, at least one unit."""
    fee = reward.share(PLATFORM_FEE_BASIS_POINTS)
    return max(fee, Money(_FEE_UNITS_MIN, reward.currency), key=lambda amount: amount.units)
