"""Pure values that every layer may use: standard library only, nothing else of Crowdloom."""

from crowdloom.kernel.clock import Clock, SystemClock
from crowdloom.kernel.errors import DomainError, PoisonMessage, TransientError
from crowdloom.kernel.ids import IdFactory, TimeOrderedIds
from crowdloom.kernel.money import Currency, Money

__all__ = [
    "Clock",
    "Currency",
    "DomainError",
    "IdFactory",
    "Money",
    "PoisonMessage",
    "SystemClock",
    "TimeOrderedIds",
    "TransientError",
]
