from crowdloom.kernel import Money
from task_service.application.show_batches import Progress, hourly


def progress(**changes: int | None) -> Progress:
    counts = {"slots": 10, "accepted": 3, "submitted": 2, "rejected": 1, "shut": 1, "leased": 2}
    return Progress(**{**counts, **changes})  # type: ignore[arg-type]


def test_every_slot_is_counted_once() -> None:
    one = progress()
    assert one.answers == 5
    assert one.accepted + one.submitted + one.in_work + one.waiting + one.shut == one.slots


def test_a_count_of_leases_that_lags_behind_never_exceeds_what_is_left() -> None:
    late = progress(accepted=9, submitted=0, shut=0, leased=4)
    assert (late.in_work, late.waiting) == (1, 0)


def test_leases_that_were_never_told_are_none_in_work() -> None:
    assert progress(leased=None).in_work == 0


def test_more_answers_than_slots_leave_nothing_waiting() -> None:
    assert progress(accepted=12).waiting == 0


def test_pay_per_hour_is_rounded_down_to_whole_cents() -> None:
    assert hourly(Money.of_minor(5, "USD"), 7) == Money.of_minor(2571, "USD")
