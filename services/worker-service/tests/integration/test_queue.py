from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.matching import BatchProgressed
from crowdloom.contracts.task import (
    BatchCancelled,
    BatchCompleted,
    BatchPaused,
    BatchResumed,
    SubmissionReturned,
)
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING
from worker_service.adapters import mongo_work_items
from worker_service.application.show_queue import QueueView
from worker_service.bootstrap import Application
from worker_service.domain.offers import Filter, Sort
from worker_service.domain.pay import PayKind

Deliver = Callable[..., None]


def queue(application: Application, worker_id: str = "wrk_none", **wanted: object) -> QueueView:
    return application.show_queue(worker_id, Filter(**wanted))


def titles(view: QueueView) -> list[str]:
    return [offer.terms.title for offer in view.offers]


def open_batch(make: ModuleType, deliver: Deliver, number: int, **terms: object) -> None:
    batch_id = f"bat_{number}"
    terms = {"title": f"Batch {number}", "project_id": f"prj_{number}", **terms}
    deliver(make.opened(batch_id, **terms), make.released(batch_id))


def answer(make: ModuleType, deliver: Deliver, count: int, *, seconds: int, first: int = 0) -> None:
    for number in range(first, first + count):
        at = make.CLAIMED + timedelta(seconds=seconds)
        deliver(make.claimed(number), make.submitted(number, at=at))


def test_an_open_batch_is_offered_with_its_terms(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    [offer] = queue(application).offers
    assert offer.terms.requester_name == "Fir Research Group"
    assert offer.card.left_count == 30
    assert offer.pay.kind is PayKind.UNKNOWN


def test_paused_cancelled_and_completed_batches_are_not_offered(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    for number in range(4):
        open_batch(make, deliver, number)
    deliver(
        BatchPaused("bat_1"),
        BatchCancelled("bat_2", BEGINNING),
        BatchCompleted("bat_3", "req_1", BEGINNING),
    )
    assert titles(queue(application)) == ["Batch 0"]
    deliver(BatchResumed("bat_1"))
    assert set(titles(queue(application))) == {"Batch 0", "Batch 1"}


def test_matchings_newest_count_says_how_many_are_left(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    later = BEGINNING + timedelta(seconds=3)
    deliver(make.opened(), make.released())
    deliver(BatchProgressed("bat_1", 4, 2, later), BatchProgressed("bat_1", 20, 2, BEGINNING))
    [offer] = queue(application).offers
    assert offer.card.left_count == 4


def test_time_to_undo_a_submission_is_no_time_at_work(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    at = make.CLAIMED + timedelta(seconds=30)
    for number in range(5):
        deliver(make.claimed(number), make.submitted(number, at=at, held_ms=10_000))
    application.measure_pay()
    [offer] = queue(application).offers
    assert offer.pay.p50 == Money.of_minor(900, "USD")


def test_pay_per_hour_is_measured_from_claim_to_submission(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    answer(make, deliver, 5, seconds=20)
    assert application.measure_pay() == 5
    [offer] = queue(application).offers
    assert (offer.pay.kind, offer.pay.n) == (PayKind.MEASURED, 5)
    assert offer.pay.p50 == Money.of_minor(900, "USD")


def test_of_several_taken_at_once_each_begins_when_the_one_before_is_done_and_reworks_say_nothing(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    for number in range(1, 6):
        at = make.CLAIMED + timedelta(seconds=20 * number)
        deliver(make.claimed(number), make.submitted(number, at=at))
    sent_back = SubmissionReturned(
        **make._submission(1),
        note="Once more.",
        returned_at=make.CLAIMED,
        rework_assignment_id="asg_006",  # type: ignore[arg-type]
    )
    late = make.submitted(6, at=make.CLAIMED + timedelta(hours=9))
    deliver(sent_back, make.claimed(6), late)
    assert application.measure_pay() == 6
    [offer] = queue(application).offers
    assert (offer.pay.n, offer.pay.p25, offer.pay.p75) == (5, *[Money.of_minor(900, "USD")] * 2)
    day = application.show_work.day("wrk_1", make.CLAIMED)
    assert (day.answer_count, day.worked_ms) == (6, 100_000), "overlapping work is counted once"


def test_what_one_worker_took_long_ago_hides_nothing_of_what_others_did_since(
    make: ModuleType,
    deliver: Deliver,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mongo_work_items, "_BESIDE_ITEMS_MAX", 4)
    answer(make, deliver, 5, seconds=20)
    application.measure_pay()
    now = make.CLAIMED + timedelta(days=1)
    taken = [("wrk_1", 11, 20), ("wrk_2", 12, 20), ("wrk_2", 13, 40)]
    for worker_id, number, seconds in taken:
        deliver(
            make.claimed(number, worker_id=worker_id, claimed_at=now),
            make.submitted(number, at=now + timedelta(seconds=seconds)),
        )
    deliver(make.claimed(14, worker_id="wrk_3"), make.submitted(14, at=now))
    found = application.store.run(lambda session: session.work_items.unmeasured(9))
    took = {one.assignment_id: one.submitted_at - one.begun_at for one in found}
    assert took.pop("asg_014") == timedelta(days=1)
    assert set(took.values()) == {timedelta(seconds=20)}


def test_each_answer_is_measured_once(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    answer(make, deliver, 5, seconds=20)
    assert [application.measure_pay() for _ in range(3)] == [5, 0, 0]


def test_a_submission_is_measured_when_its_claim_has_come(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released(), make.submitted(1))
    assert application.measure_pay() == 0
    deliver(make.claimed(1))
    assert application.measure_pay() == 1


def test_a_new_batch_of_the_same_project_is_estimated(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    answer(make, deliver, 6, seconds=20)
    application.measure_pay()
    deliver(make.opened("bat_9", title="New"), make.released("bat_9"))
    pay = {offer.terms.title: offer.pay for offer in queue(application).offers}
    assert (pay["New"].kind, pay["New"].n) == (PayKind.ESTIMATE, 6)


def test_the_filter_finds_words_in_title_and_requester(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    open_batch(make, deliver, 1, title="Box every bicycle", requester_name="Kerbside Maps")
    open_batch(make, deliver, 2, title="Transcribe a call", requester_name="Northbank")
    assert titles(queue(application, words="BICYCLE kerb")) == ["Box every bicycle"]
    assert titles(queue(application, words="bicycle northbank")) == []


def test_a_wish_for_pay_hides_what_is_measured_below_it_and_not_the_unmeasured(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    answer(make, deliver, 5, seconds=20)
    application.measure_pay()
    open_batch(make, deliver, 2, title="Unmeasured")
    assert len(queue(application, hourly_minor_min=900).offers) == 2
    assert titles(queue(application, hourly_minor_min=901)) == ["Unmeasured"]


def test_languages_of_the_profile_choose_and_the_rest_is_counted(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    open_batch(make, deliver, 1, title="English", language="en-GB")
    open_batch(make, deliver, 2, title="Persian", language="fa")
    open_batch(make, deliver, 3, title="Any", language=None)
    made = application.register_worker(languages=["en"], source="test")
    view = queue(application, made.worker.worker_id)
    assert set(titles(view)) == {"English", "Any"}
    assert view.other_language_count == 1
    assert set(titles(queue(application, made.worker.worker_id, language="fa"))) == {
        "Persian",
        "Any",
    }
    assert len(queue(application, made.worker.worker_id, language="any").offers) == 3


def test_offers_are_sorted_as_asked(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    later = BEGINNING + timedelta(hours=1)
    open_batch(make, deliver, 1, reward=Money.of_minor(9, "USD"))
    open_batch(make, deliver, 2, opened_at=later)
    deliver(BatchProgressed("bat_2", 5, 0, later))
    assert titles(queue(application, sort=Sort.REWARD)) == ["Batch 1", "Batch 2"]
    assert titles(queue(application, sort=Sort.NEWEST)) == ["Batch 2", "Batch 1"]
    assert titles(queue(application, sort=Sort.LEFT)) == ["Batch 1", "Batch 2"]


def test_a_card_says_how_its_requester_decided_once_each(
    application: Application, deliver: Any, make: Any
) -> None:
    deliver(make.opened(), make.released())
    for number in range(1, 6):
        deliver(make.claimed(number), make.submitted(number))
    deliver(*(make.accepted(number) for number in range(1, 5)), make.rejected(5))
    assert [application.measure_requesters(), application.measure_requesters()] == [5, 0]
    [offer] = application.show_queue("wrk_1", Filter()).offers
    assert offer.requester is not None
    assert (offer.requester.acceptance, offer.requester.n) == (0.8, 5)
    assert offer.requester.review_seconds == 3_600
