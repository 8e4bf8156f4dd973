"""What task-service says: the life of batches and of submissions. Names no worker, ever."""

from crowdloom.contracts.task.batches import (
    BatchAudienceChanged,
    BatchCancelled,
    BatchCompleted,
    BatchFundingRequested,
    BatchGrown,
    BatchOpened,
    BatchPaused,
    BatchResumed,
    BatchTotals,
    Condition,
    LogAdvanced,
    Requirements,
    TasksMarked,
    TasksReleased,
)
from crowdloom.contracts.task.bonuses import BonusGranted
from crowdloom.contracts.task.qualifications import (
    QualificationDefined,
    Question,
    RequesterGranted,
    RequesterRevoked,
)
from crowdloom.contracts.task.submissions import (
    AssignmentClosed,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
    SubmissionScored,
)
from crowdloom.contracts.task.talk import TalkAnswered

__all__ = [
    "AssignmentClosed",
    "BatchAudienceChanged",
    "BatchCancelled",
    "BatchCompleted",
    "BatchFundingRequested",
    "BatchGrown",
    "BatchOpened",
    "BatchPaused",
    "BatchResumed",
    "BatchTotals",
    "BonusGranted",
    "Condition",
    "LogAdvanced",
    "QualificationDefined",
    "Question",
    "RequesterGranted",
    "RequesterRevoked",
    "Requirements",
    "SubmissionAccepted",
    "SubmissionReceived",
    "SubmissionRejected",
    "SubmissionReturned",
    "SubmissionScored",
    "TalkAnswered",
    "TasksMarked",
    "TasksReleased",
]
