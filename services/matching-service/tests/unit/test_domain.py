from datetime import timedelta

import pytest
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING
from hypothesis import given
from hypothesis import strategies as st
from matching_service.application.keep_batches import pay_per_hour
from matching_service.domain.batches import (
    Batch,
    BatchStatus,
    SlotCounts,
    explain,
    status_of,
)
from matching_service.domain.policy import Policy, parts_of
from matching_service.domain.pseudonyms import pseudonym_of
from matching_service.domain.requirements import (
    SKILL,
    Asker,
    Condition,
    Holding,
    Judged,
    Requirements,
    WorkerProfile,
)
from matching_service.domain.routing import is_starving

FIVE_CENTS = Money.of_minor(5, "USD")
KEY = b"\x17" * 32


def batch(batch_id: str = "bat_1", **changes: object) -> Batch:
    fields = {
        "batch_id": batch_id,
        "requester_id": "req_1",
        "requester_name": "Fir",
        "title": "T",
        "description": "D",
        "language": None,
        "reward": FIVE_CENTS,
        "task_count": 100,
        "redundancy": 3,
        "lease_seconds": 600,
        "status": BatchStatus.OPEN,
        "opened_at": BEGINNING,
    }
    return Batch(**{**fields, **changes})


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ((False, False, False), BatchStatus.OPEN),
        ((True, False, False), BatchStatus.PAUSED),
        ((True, True, False), BatchStatus.CANCELLED),
        ((True, True, True), BatchStatus.COMPLETED),
        ((False, False, True), BatchStatus.COMPLETED),
    ],
)
def test_what_is_final_wins_over_what_is_not(
    said: tuple[bool, bool, bool], status: BatchStatus
) -> None:
    paused, cancelled, completed = said
    assert status_of(paused=paused, cancelled=cancelled, completed=completed) is status


def asker(*languages: str, **facts: object) -> Asker:
    holdings = facts.pop("holdings", {})
    profile = WorkerProfile(frozenset(languages), holdings=holdings)
    return Asker(profile=profile, now=BEGINNING, **facts)


def codes(asked: Batch, who: Asker) -> list[str]:
    return [reason.code for reason in explain(asked, who)]


def test_every_reason_is_named_the_batchs_own_state_first() -> None:
    finnish = batch(language="fi")
    assert codes(finnish, asker()) == []
    assert codes(finnish, asker("en")) == ["other_language"]
    paused = batch(language="fi", status=BatchStatus.PAUSED)
    assert codes(paused, asker("en")) == ["batch_paused", "other_language"]


def test_whom_a_batch_is_for_is_explained_by_what_is_missing() -> None:
    asked = Requirements(
        all_of=(Condition("reliable", "at_least", 80),),
        any_of=(Condition("trees"), Condition("birds")),
        none_of=(Condition("novice"),),
        languages=("fi", "sv"),
        devices=("computer",),
        excluded=frozenset({"A1"}),
        only=frozenset({"A1", "A2"}),
        answers_per_worker_max=5,
        answers_per_worker_a_day_max=2,
    )
    fit = {
        "reliable": Holding(held=True, told_at=BEGINNING, score=80),
        "birds": Holding(held=True, told_at=BEGINNING),
    }
    given = {"pseudonym": "A2", "device": "computer", "given_count": 4, "given_today_count": 1}
    assert codes(batch(requirements=asked), asker("sv", holdings=fit, **given)) == []
    unfit = {
        "reliable": Holding(held=True, told_at=BEGINNING, score=79),
        "birds": Holding(held=True, told_at=BEGINNING, expires_at=BEGINNING),
        "novice": Holding(held=True, told_at=BEGINNING),
    }
    given = {"pseudonym": "A1", "device": "phone", "given_count": 5, "given_today_count": 2}
    reasons = explain(batch(requirements=asked), asker("en", holdings=unfit, **given))
    assert [(reason.code, reason.about) for reason in reasons] == [
        ("other_language", "fi, sv"),
        ("other_device", "computer"),
        ("excluded", ""),
        ("qualification_missing", "reliable >= 80"),
        ("qualification_missing", "trees | birds"),
        ("qualification_unwanted", "novice"),
        ("cap_reached", "5"),
        ("day_cap_reached", "2"),
    ]
    stranger = explain(batch(requirements=asked), asker(pseudonym="A3"))
    assert "not_invited" in {reason.code for reason in stranger}


@pytest.mark.parametrize(
    ("judged", "found"),
    [
        (Judged(accepted=20, count=20), []),
        (Judged(accepted=9, count=9), ["skill_missing"]),
        (Judged(accepted=14, count=20), ["skill_missing"]),
        (None, ["skill_missing"]),
    ],
)
def test_a_segment_by_skill_is_whose_answers_of_this_kind_were_judged_well_and_often(
    judged: Judged | None, found: list[str]
) -> None:
    asked = Requirements(all_of=(Condition(SKILL, "at_least", 85),))
    kept = {"draw": Judged(accepted=99, count=99), **({"choose": judged} if judged else {})}
    who = Asker(profile=WorkerProfile(judged=kept), now=BEGINNING)
    assert codes(batch(task_type="choose", requirements=asked), who) == found
    newer = Requirements(none_of=(Condition(SKILL),))
    unwanted = ["skill_unwanted"] if judged and judged.count >= 10 else []
    assert codes(batch(task_type="choose", requirements=newer), who) == unwanted
    assert codes(batch(requirements=asked), who) == [], "of any kind, as its kind is not known"


def test_slots_nobody_holds_are_what_is_left() -> None:
    assert SlotCounts(wanted=300, submitted=100).open_beside(20) == 180
    assert SlotCounts(wanted=1, submitted=1).open_beside(1) == 0


def test_a_batch_near_its_end_comes_before_one_never_served() -> None:
    nearly = batch("bat_1", open_slot_count=20, served_at=BEGINNING)
    never = batch("bat_2", open_slot_count=300)
    old = batch("bat_3", open_slot_count=300, served_at=BEGINNING - timedelta(hours=1))
    scores = [Policy().score(parts_of(one, BEGINNING)) for one in (nearly, never, old)]
    assert scores == sorted(scores, reverse=True)


def test_a_batch_presses_the_more_the_nearer_its_day_comes_and_not_at_all_without_one() -> None:
    day = timedelta(days=1)
    wanted = batch(wanted_at=BEGINNING + 2 * day)
    pressing = [parts_of(wanted, BEGINNING + passed * day).deadline for passed in (0, 1, 3)]
    assert pressing == [0.0, 0.5, 1.0]
    assert parts_of(batch(), BEGINNING + 9 * day).deadline == 0.0
    nearer = batch("bat_2", wanted_at=BEGINNING + day)
    later = BEGINNING + day / 2
    scores = [Policy().score(parts_of(one, later)) for one in (nearer, wanted, batch("bat_3"))]
    assert scores == sorted(scores, reverse=True)


def test_a_worker_who_scored_well_in_what_a_batch_asks_for_is_offered_it_first() -> None:
    asked = batch(requirements=Requirements(any_of=(Condition("trees"),)))
    good = {"trees": Holding(held=True, told_at=BEGINNING, score=90)}
    skills = [
        parts_of(asked, BEGINNING, WorkerProfile(holdings=holdings)).skill
        for holdings in (good, {})
    ]
    assert skills == [0.9, 0.8]


def test_skill_is_what_was_judged_of_this_type_of_task_and_moves_with_each_verdict() -> None:
    choosing = batch(task_type="choose")
    judged = {"choose": Judged(accepted=3, count=4), "draw": Judged(accepted=0, count=9)}
    profile = WorkerProfile(judged=judged)
    assert parts_of(choosing, BEGINNING, profile).skill == pytest.approx((4 + 3) / (5 + 4))
    assert parts_of(choosing, BEGINNING, WorkerProfile()).skill == 0.8


def test_a_batch_that_lacks_newcomers_comes_first_for_one_and_later_for_others() -> None:
    lacking = batch("bat_1", answer_count=20, newcomer_answer_count=1)
    having = batch("bat_2", answer_count=20, newcomer_answer_count=2)
    fresh = batch("bat_3", answer_count=9, newcomer_answer_count=0)
    newcomer, experienced = WorkerProfile(answered=19), WorkerProfile(answered=20)

    def scores(profile: WorkerProfile, policy: Policy) -> list[float]:
        return [policy.score(parts_of(one, BEGINNING, profile)) for one in (lacking, having, fresh)]

    lacks, has, new = scores(newcomer, Policy())
    assert lacks - has == Policy().newcomers
    assert has == new, "of nine answers no share is spoken of"
    lacks, has, _ = scores(experienced, Policy())
    assert has - lacks == Policy().newcomers
    lacks, has, _ = scores(newcomer, Policy(newcomer_share=5))
    assert lacks == has, "five in a hundred it has"


def test_a_batch_starves_when_nobody_takes_its_open_slots_for_a_while() -> None:
    later = BEGINNING + timedelta(minutes=6)
    assert is_starving(batch(open_slot_count=3), later)
    assert not is_starving(batch(open_slot_count=3), BEGINNING + timedelta(minutes=4))
    assert not is_starving(batch(open_slot_count=3, leased_slot_count=1), later)
    assert not is_starving(batch(open_slot_count=3, served_at=later), later)
    assert not is_starving(batch(open_slot_count=0), later)
    assert not is_starving(batch(open_slot_count=3, status=BatchStatus.PAUSED), later)


def test_five_answers_make_a_measurement_and_four_do_not() -> None:
    assert pay_per_hour(FIVE_CENTS, [20.0] * 4) is None
    pay = pay_per_hour(FIVE_CENTS, [20.0] * 5)
    assert pay is not None
    assert pay.p25 == pay.p75 == Money.of_minor(900, "USD")


@given(st.lists(st.floats(0, 100_000, allow_nan=False), min_size=5, max_size=200))
def test_the_slow_quartile_earns_no_more_than_the_fast_one(seconds: list[float]) -> None:
    pay = pay_per_hour(FIVE_CENTS, seconds)
    assert pay is not None
    assert Money.zero(FIVE_CENTS.currency) <= pay.p25 <= pay.p75
    assert pay.n == len(seconds)


@given(st.tuples(st.text(min_size=1), st.text(min_size=1)))
def test_a_pseudonym_is_stable_and_differs_by_requester_worker_and_key(
    ids: tuple[str, str],
) -> None:
    requester, worker = ids
    name = pseudonym_of(KEY, requester, worker)
    assert name == pseudonym_of(KEY, requester, worker)
    others = {
        pseudonym_of(KEY, requester + "x", worker),
        pseudonym_of(KEY, requester, worker + "x"),
        pseudonym_of(b"\x18" * 32, requester, worker),
    }
    assert name not in others
    assert len(name) == 19
    assert name.startswith("A")
