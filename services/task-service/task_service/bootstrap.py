"""The composition root: settings in, use cases out. The only file that builds concrete adapters."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.http.health import Check
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.store import Document, MongoDatabase, MongoStore
from crowdloom.chassis.tickets import PreviewReader, TicketReader
from crowdloom.chassis.tokens import PREVIEW_AUDIENCE, TICKET_AUDIENCE, Sessions, TokenVerifier
from crowdloom.chassis.wiring import mongo_client, readiness_checks, sessions_of
from crowdloom.kernel import Clock, IdFactory, SystemClock, TimeOrderedIds
from crowdloom.kernel.money import Currency
from pymongo import MongoClient

from task_service.adapters.argon2_passwords import Argon2Passwords
from task_service.adapters.decision_tables import read_decision_rows
from task_service.adapters.http_webhooks import HttpWebhooks, new_secret
from task_service.adapters.mongo_accounts import MongoSignUpLimit, MongoTries
from task_service.adapters.mongo_files import MongoFiles
from task_service.adapters.mongo_merge_jobs import MongoMergeJobs
from task_service.adapters.mongo_pieces import MongoPieces
from task_service.adapters.mongo_session import INDEXES, TaskReader, TaskSession
from task_service.adapters.mongo_split_jobs import MongoSplitJobs
from task_service.adapters.mongo_tallies import MongoTallies
from task_service.adapters.mongo_uploads import MongoUploads
from task_service.adapters.pillow_tiles import TileSplitter
from task_service.adapters.pypdf_pages import PdfSplitter
from task_service.adapters.soundfile_audio import AudioSplitter, picture_of
from task_service.adapters.text_splitters import RowsSplitter, TextSplitter, read_rows
from task_service.adapters.zip_files import ZipSplitter
from task_service.application.account_ports import Passwords
from task_service.application.accounts import ApiKeys, SignIn, SignUp
from task_service.application.annotations import Annotations
from task_service.application.answer_task import AnswerTask
from task_service.application.batches import Batches
from task_service.application.bonuses import Bonuses
from task_service.application.chain_batch import ChainBatch
from task_service.application.choose_by_rule import ChooseByRule
from task_service.application.clean_unused_files import CleanUnusedFiles
from task_service.application.clone_batch import CloneBatch
from task_service.application.decide_by_file import DecideByFile
from task_service.application.edit_drafts import EditDrafts
from task_service.application.follow_events import CompleteBatches, FollowEvents, ReleaseTasks
from task_service.application.grow_batch import GrowBatch, JoinAdditions
from task_service.application.hold_decisions import HoldDecisions
from task_service.application.judge_letters import JudgeLetters
from task_service.application.know_deeds import KeepLog
from task_service.application.know_workers import KnowWorkers
from task_service.application.look_at_upload import LookAtUpload
from task_service.application.mark_known import MarkKnown
from task_service.application.merge_later import MergeLater
from task_service.application.mturk_results import MturkResults
from task_service.application.overturn_rejection import OverturnRejection
from task_service.application.pilot import Pilots
from task_service.application.preview_task import PreviewTask
from task_service.application.projects import Projects
from task_service.application.qualifications import Qualifications
from task_service.application.receive_uploads import ReceiveUploads
from task_service.application.recount_answers import RecountAnswers
from task_service.application.results import Results
from task_service.application.return_submission import ReturnSubmission
from task_service.application.review_submissions import ReviewSubmissions
from task_service.application.show_answers import ShowAnswers
from task_service.application.show_batches import ShowBatches
from task_service.application.show_evidence import ShowEvidence
from task_service.application.show_figures import ShowFigures
from task_service.application.source_ports import Splitter
from task_service.application.split_later import SplitLater
from task_service.application.split_source import MergeSource, SplitSource
from task_service.application.talk import Talk
from task_service.application.teams import Teams
from task_service.application.tell_totals import TellTotals
from task_service.application.watch_answers import WatchAnswers
from task_service.application.webhooks import (
    DeliverWebhooks,
    TellWebhooks,
    WebhookPoster,
    Webhooks,
)
from task_service.application.write_to_worker import WriteToWorker
from task_service.config import SERVICE, Settings, read_settings

SESSION_LIFETIME = timedelta(days=14)
_WEBHOOK_THREADS = 8

_TEXTS = TextSplitter()
_SPLITTERS: dict[str, Splitter] = {
    "paragraph": _TEXTS,
    "sentence": _TEXTS,
    "words": _TEXTS,
    "rows": RowsSplitter(),
    "page": PdfSplitter(),
    "tile": TileSplitter(),
    "seconds": AudioSplitter(),
    "file": ZipSplitter(),
}


@dataclass(frozen=True)
class Application:
    """Everything the entry points call."""

    settings: Settings
    clock: Clock
    ids: IdFactory
    store: MongoStore[TaskSession]
    reader: TaskReader
    sessions: Sessions
    tickets: TicketReader
    previews: PreviewReader
    idempotency: IdempotencyStore
    sign_up: SignUp
    sign_in: SignIn
    api_keys: ApiKeys
    teams: Teams
    projects: Projects
    edit_drafts: EditDrafts
    batches: Batches
    clone_batch: CloneBatch
    pilots: Pilots
    chain_batch: ChainBatch
    answer_task: AnswerTask
    preview_task: PreviewTask
    review: ReviewSubmissions
    return_submission: ReturnSubmission
    overturn_rejection: OverturnRejection
    hold_decisions: HoldDecisions
    decide_by_file: DecideByFile
    bonuses: Bonuses
    qualifications: Qualifications
    know_workers: KnowWorkers
    write_to_worker: WriteToWorker
    judge_letters: JudgeLetters
    mark_known: MarkKnown
    keep_log: KeepLog
    talk: Talk
    watch_answers: WatchAnswers
    choose_by_rule: ChooseByRule
    results: Results
    mturk_results: MturkResults
    annotations: Annotations
    split_source: SplitSource
    split_later: SplitLater
    merge_source: MergeSource
    merge_later: MergeLater
    look_at_upload: LookAtUpload
    clean_unused_files: CleanUnusedFiles
    receive_uploads: ReceiveUploads
    picture_of: Callable[[bytes], list[float]]
    show_batches: ShowBatches
    show_answers: ShowAnswers
    show_evidence: ShowEvidence
    show_figures: ShowFigures
    follow: FollowEvents
    release_tasks: ReleaseTasks
    grow_batch: GrowBatch
    join_additions: JoinAdditions
    complete_batches: CompleteBatches
    recount_answers: RecountAnswers
    tell_totals: TellTotals
    webhooks: Webhooks
    tell_webhooks: TellWebhooks
    deliver_webhooks: DeliverWebhooks
    checks: Mapping[str, Check]

    @property
    def database(self) -> MongoDatabase:
        return self.store.database


def build(
    settings: Settings,
    *,
    client: "MongoClient[Document] | None" = None,
    database: str = SERVICE,
    clock: Clock | None = None,
    ids: IdFactory | None = None,
    passwords: Passwords | None = None,
    post_webhook: WebhookPoster | None = None,
) -> Application:
    """Build the service. Call it after a fork: the MongoDB client does not survive one."""
    clock = clock or SystemClock()
    ids = ids or TimeOrderedIds(clock)
    client = client or mongo_client(settings.common)
    store = MongoStore(client, database, session_class=TaskSession, clock=clock, ids=ids)
    reader = TaskReader(store.database, ids)
    passwords = passwords or Argon2Passwords()
    review = ReviewSubmissions(store=store, reader=reader, clock=clock)
    return_submission = ReturnSubmission(store=store, reader=reader, clock=clock, ids=ids)
    batches = Batches(
        store=store,
        reader=reader,
        clock=clock,
        ids=ids,
        currency=Currency.of(settings.currency),
    )
    overturn_rejection = OverturnRejection(store=store, reader=reader, clock=clock, review=review)
    results = Results(reader=reader)
    files = MongoFiles(store.database, clock)
    split_source = SplitSource(batches=batches, files=files, splitters=_SPLITTERS)
    merge_source = MergeSource(
        reader=reader,
        pieces=MongoPieces(store.database),
        files=files,
        splitters=_SPLITTERS,
    )
    look_at_upload = LookAtUpload(files=files, splitters=_SPLITTERS, read_rows=read_rows)
    return Application(
        settings=settings,
        clock=clock,
        ids=ids,
        store=store,
        reader=reader,
        sessions=sessions_of(settings.common, service=SERVICE, clock=clock),
        tickets=TicketReader(_matching_verifier(settings, clock, TICKET_AUDIENCE)),
        previews=PreviewReader(_matching_verifier(settings, clock, PREVIEW_AUDIENCE)),
        idempotency=IdempotencyStore(store.database, clock),
        sign_up=SignUp(
            store=store,
            passwords=passwords,
            limit=MongoSignUpLimit(
                store.database,
                clock,
                key=settings.common.cursor_key,
                per_hour_max=settings.sign_ups_per_hour,
            ),
            clock=clock,
            ids=ids,
        ),
        sign_in=SignIn(reader=reader, passwords=passwords, tries=MongoTries(store.database, clock)),
        api_keys=ApiKeys(store=store, reader=reader, clock=clock, ids=ids),
        teams=Teams(store=store, reader=reader, clock=clock, ids=ids),
        projects=Projects(store=store, reader=reader, clock=clock, ids=ids),
        edit_drafts=EditDrafts(store=store, reader=reader, clock=clock, ids=ids),
        batches=batches,
        clone_batch=CloneBatch(reader=reader, batches=batches),
        pilots=Pilots(store=store, reader=reader, batches=batches, ids=ids),
        chain_batch=ChainBatch(reader=reader, results=results, batches=batches),
        answer_task=AnswerTask(store=store, reader=reader, clock=clock, ids=ids),
        review=review,
        return_submission=return_submission,
        overturn_rejection=overturn_rejection,
        hold_decisions=HoldDecisions(
            store=store,
            reader=reader,
            clock=clock,
            review=review,
            return_submission=return_submission,
        ),
        decide_by_file=DecideByFile(
            results=results,
            review=review,
            overturn=overturn_rejection,
            files=files,
            read_rows=read_decision_rows,
        ),
        bonuses=Bonuses(store=store, reader=reader, clock=clock, ids=ids),
        qualifications=Qualifications(store=store, reader=reader, clock=clock, ids=ids),
        know_workers=KnowWorkers(store=store, reader=reader, clock=clock),
        mark_known=MarkKnown(store=store, reader=reader),
        write_to_worker=WriteToWorker(store=store, clock=clock, ids=ids),
        judge_letters=JudgeLetters(store=store, reader=reader, clock=clock),
        keep_log=KeepLog(deeds=reader.deeds, clock=clock, ids=ids),
        talk=Talk(store=store, reader=reader, clock=clock, ids=ids),
        watch_answers=WatchAnswers(reader),
        choose_by_rule=ChooseByRule(reader),
        results=results,
        mturk_results=MturkResults(results=results, clock=clock),
        annotations=Annotations(results=results),
        split_source=split_source,
        split_later=SplitLater(
            jobs=MongoSplitJobs(store.database),
            batches=batches,
            files=files,
            sources=reader.sources,
            split_source=split_source,
            splitters=_SPLITTERS,
            clock=clock,
        ),
        merge_source=merge_source,
        merge_later=MergeLater(
            jobs=MongoMergeJobs(store.database),
            reader=reader,
            batches=batches,
            files=files,
            merge_source=merge_source,
            clock=clock,
        ),
        look_at_upload=look_at_upload,
        clean_unused_files=CleanUnusedFiles(files=files, clock=clock),
        receive_uploads=ReceiveUploads(
            uploads=MongoUploads(store.database), look=look_at_upload, clock=clock, ids=ids
        ),
        picture_of=picture_of,
        preview_task=PreviewTask(reader),
        show_batches=ShowBatches(reader),
        show_answers=ShowAnswers(reader),
        show_evidence=ShowEvidence(reader),
        show_figures=ShowFigures(reader, clock),
        follow=FollowEvents(clock=clock, ids=ids),
        release_tasks=ReleaseTasks(store=store, reader=reader),
        grow_batch=GrowBatch(store=store, reader=reader, batches=batches, clock=clock, ids=ids),
        join_additions=JoinAdditions(store=store, reader=reader, clock=clock),
        webhooks=Webhooks(store=store, reader=reader, clock=clock, ids=ids, new_secret=new_secret),
        tell_webhooks=TellWebhooks(clock=clock, ids=ids),
        deliver_webhooks=DeliverWebhooks(
            store=store,
            reader=reader,
            clock=clock,
            post=post_webhook or HttpWebhooks(),
            spawn=ThreadPoolExecutor(_WEBHOOK_THREADS, thread_name_prefix="webhook").submit,
        ),
        complete_batches=CompleteBatches(store=store, reader=reader, clock=clock),
        recount_answers=RecountAnswers(
            tallies=MongoTallies(store.database, None), reader=reader, clock=clock
        ),
        tell_totals=TellTotals(store=store, reader=reader, clock=clock),
        checks=readiness_checks(client, store.database, clock),
    )


def migrate(environment: Mapping[str, str] | None = None) -> None:
    """Create this service's collections and indexes; can be run again."""
    build(read_settings(environment)).store.migrate(INDEXES)


def _matching_verifier(settings: Settings, clock: Clock, audience: str) -> TokenVerifier:
    """Of what matching-service alone may sign: it gives work out, and lets it be looked at."""
    public_keys = {
        issuer: key
        for issuer, key in settings.common.public_keys.items()
        if issuer == "matching-service"
    }
    return TokenVerifier(public_keys=public_keys, audience=audience, clock=clock)
