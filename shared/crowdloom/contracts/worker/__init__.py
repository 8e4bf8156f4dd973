"""What worker-service says about workers. Closed to task-service, appeals and letters excepted."""

from crowdloom.contracts.worker.appeals import AppealDecided, AppealOpened
from crowdloom.contracts.worker.letters import LetterReported
from crowdloom.contracts.worker.profiles import AccountClosed, ProfileChanged, WorkerRegistered
from crowdloom.contracts.worker.qualifications import QualificationGranted, QualificationRevoked

__all__ = [
    "AccountClosed",
    "AppealDecided",
    "AppealOpened",
    "LetterReported",
    "ProfileChanged",
    "QualificationGranted",
    "QualificationRevoked",
    "WorkerRegistered",
]
