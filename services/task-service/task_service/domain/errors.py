"""What task-service refuses."""

from crowdloom.kernel.errors import Conflict, DomainError, InvalidInput


class TemplateHasNoAnswerField(InvalidInput):
    """Workers would have nothing to fill in."""

    code = "template_has_no_answer_field"


class TemplateTooLarge(InvalidInput):
    code = "template_too_large"


class FaultyRows(InvalidInput):
    """`facts["faults"]` lists every faulty row with its line, column and reason."""

    code = "faulty_rows"


class WrongBatchStatus(Conflict):
    """The batch is not in a state in which this can be done."""

    code = "wrong_batch_status"


class RowsAreSplit(Conflict):
    """The rows are the pieces of one file, which more rows would make wrong to merge."""

    code = "rows_are_split"


class NotMerged(Conflict):
    """The file of a large batch could not be made; asked for anew, it is tried again."""

    code = "not_merged"


class NothingToPublish(Conflict):
    code = "batch_has_no_tasks"


class LeaseExpired(Conflict):
    """The time is over: the answer is kept as a draft and changes nothing else."""

    code = "lease_expired"


class AlreadySubmitted(Conflict):
    """Another answer was submitted for this assignment before."""

    code = "already_submitted"


class AssignmentOver(Conflict):
    """The assignment was given back: its slot is somebody else's."""

    code = "assignment_over"


class AdditionUnderWay(Conflict):
    """What was asked for before is not all in place yet."""

    code = "addition_under_way"


class NothingToAdd(Conflict):
    """An addition without rows, more answers or a higher reward."""

    code = "nothing_to_add"


class AlreadyDecided(Conflict):
    """The submission was accepted or rejected before, the other way."""

    code = "already_decided"


class ReturnedTooOften(Conflict):
    """It has been sent back as often as it can be: accept or reject it."""

    code = "returned_too_often"


class AnswerTooLarge(DomainError):
    code = "answer_too_large"
    status = 413


class EmailTaken(Conflict):
    code = "email_taken"


class WrongPassword(DomainError):
    code = "wrong_password"
    status = 401


class TooManySignUps(DomainError):
    """From one address, in an hour."""

    code = "too_many_sign_ups"
    status = 429


class TooManyTries(DomainError):
    code = "too_many_tries"
    status = 429


class DraftOvertaken(Conflict):
    """Another tab saved the draft since this one read it."""

    code = "draft_overtaken"


class TooManyDrafts(Conflict):
    code = "too_many_drafts"
