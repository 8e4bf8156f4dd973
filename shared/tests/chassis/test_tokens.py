"""Tokens and tickets: who may say what, to whom, and until when."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from crowdloom.chassis.tickets import Ticket, TicketReader, TicketSigner
from crowdloom.chassis.tokens import (
    SESSION_AUDIENCE,
    TICKET_AUDIENCE,
    InvalidToken,
    Principal,
    Sessions,
    TokenSigner,
    TokenVerifier,
    new_signing_key,
)
from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, TaskId

SERVICES = ("task-service", "worker-service", "matching-service", "payment-service")
KEYS = {service: new_signing_key() for service in SERVICES}
PUBLIC_KEYS = {service: public for service, (_, public) in KEYS.items()}
HOUR = timedelta(hours=1)


@pytest.fixture
def sessions_of(clock):
    def make(service, audience=SESSION_AUDIENCE):
        signer = TokenSigner(
            issuer=service, private_key=KEYS[service][0], audience=audience, clock=clock
        )
        verifier = TokenVerifier(public_keys=PUBLIC_KEYS, audience=SESSION_AUDIENCE, clock=clock)
        return Sessions(signer=signer, verifier=verifier, clock=clock)

    return make


@pytest.fixture
def token(sessions_of):
    worker = Principal("worker", "wrk_1", name="7F3K")
    return sessions_of("worker-service").issue(worker, lifetime=HOUR)


def unsigned(header, claims):
    def part(document):
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims)}."


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_every_service_reads_the_session_that_one_has_issued(sessions_of):
    person = Principal("staff", "stf_1", frozenset({"finance.view"}), "Niko")
    token = sessions_of("payment-service").issue(person, lifetime=HOUR)
    assert all(sessions_of(service).read(token) == person for service in SERVICES)


def test_a_session_ends_when_it_said_it_would(sessions_of, token, clock):
    sessions = sessions_of("task-service")
    clock.advance(seconds=3_599)
    assert sessions.read(token).subject == "wrk_1"
    clock.advance(seconds=1)
    with pytest.raises(InvalidToken):
        sessions.read(token)


@pytest.mark.parametrize(
    ("service", "role"),
    [
        ("task-service", "worker"),
        ("worker-service", "staff"),
        ("matching-service", "worker"),
        ("payment-service", "requester"),
        ("payment-service", "emperor"),
    ],
)
def test_a_service_can_make_nobody_elses_users(sessions_of, service, role):
    forged = sessions_of(service).issue(Principal(role, "x"), lifetime=HOUR)
    with pytest.raises(InvalidToken):
        sessions_of("payment-service").read(forged)


def test_a_token_for_another_purpose_is_no_session(sessions_of):
    ticket = sessions_of("worker-service", audience=TICKET_AUDIENCE)
    with pytest.raises(InvalidToken):
        sessions_of("worker-service").read(ticket.issue(Principal("worker", "w"), lifetime=HOUR))


def test_a_token_names_an_issuer_we_know_and_is_signed_by_it(sessions_of, token, clock):
    for issuer in ("worker-service", "another-service", None, ["worker-service"]):
        claims = {**claims_of(token), "iss": issuer}
        if issuer is None:
            del claims["iss"]
        stranger, _ = new_signing_key()
        try:
            forged = jwt.encode(claims, stranger, algorithm="EdDSA")
        except TypeError:  # the library itself refuses to write such a thing
            forged = unsigned({"alg": "EdDSA", "typ": "JWT"}, claims)
        with pytest.raises(InvalidToken):
            sessions_of("worker-service").read(forged)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", ""])
def test_no_other_algorithm_is_believed(sessions_of, token, algorithm):
    forged = unsigned({"alg": algorithm, "typ": "JWT"}, claims_of(token))
    with pytest.raises(InvalidToken):
        sessions_of("worker-service").read(forged)


def test_the_public_key_is_not_taken_for_a_shared_secret(sessions_of, token):
    import hashlib
    import hmac

    header, body, _ = unsigned({"alg": "HS256", "typ": "JWT"}, claims_of(token)).split(".")
    secret = PUBLIC_KEYS["worker-service"].encode()
    mac = hmac.new(secret, f"{header}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{header}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(InvalidToken):
        sessions_of("worker-service").read(forged)


def test_a_changed_token_is_refused(sessions_of, token):
    header, _, signature = token.split(".")
    _, body, _ = unsigned({}, {**claims_of(token), "sub": "wrk_2"}).split(".")
    with pytest.raises(InvalidToken):
        sessions_of("worker-service").read(f"{header}.{body}.{signature}")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "....", "\x00", "ey" * 5_000])
def test_rubbish_is_refused_without_a_stir(sessions_of, text):
    with pytest.raises(InvalidToken):
        sessions_of("worker-service").read(text)


@pytest.mark.parametrize("missing", ["exp", "aud", "iss"])
def test_a_token_without_what_every_token_has_is_refused(sessions_of, token, missing):
    claims = {name: value for name, value in claims_of(token).items() if name != missing}
    bare = jwt.encode(claims, KEYS["worker-service"][0], algorithm="EdDSA")
    with pytest.raises(InvalidToken):
        sessions_of("worker-service").read(bare)


@pytest.fixture
def ticket(clock):
    return Ticket(
        assignment_id=AssignmentId("asg_1"),
        task_id=TaskId("tsk_1"),
        batch_id=BatchId("bat_1"),
        pseudonym=Pseudonym("A7F3K"),
        claimed_at=clock.now(),
        deadline=clock.now() + HOUR,
    )


@pytest.fixture
def ticket_signer(clock):
    key = KEYS["matching-service"][0]
    return TokenSigner(
        issuer="matching-service", private_key=key, audience=TICKET_AUDIENCE, clock=clock
    )


@pytest.fixture
def reader(clock):
    keys = {"matching-service": PUBLIC_KEYS["matching-service"]}
    return TicketReader(TokenVerifier(public_keys=keys, audience=TICKET_AUDIENCE, clock=clock))


def test_a_ticket_is_read_as_it_was_written(ticket, ticket_signer, reader):
    assert reader.read(TicketSigner(ticket_signer).sign(ticket)) == ticket


def test_a_ticket_can_be_read_until_appeals_are_over(ticket, ticket_signer, reader, clock):
    signed = TicketSigner(ticket_signer).sign(ticket)
    clock.advance(seconds=3_600 + 44 * 86_400 - 1)
    assert reader.read(signed) == ticket
    clock.advance(seconds=1)
    with pytest.raises(InvalidToken):
        reader.read(signed)


def test_a_ticket_names_the_pseudonym_and_never_the_worker(ticket, ticket_signer):
    claims = claims_of(TicketSigner(ticket_signer).sign(ticket))
    assert claims["sub"] == "A7F3K"
    assert "wrk" not in json.dumps(claims)


def test_a_session_is_no_ticket_and_neither_is_a_token_without_a_task(reader, token, clock):
    with pytest.raises(InvalidToken):
        reader.read(token)
    key = KEYS["matching-service"][0]
    signer = TokenSigner(
        issuer="matching-service", private_key=key, audience=TICKET_AUDIENCE, clock=clock
    )
    with pytest.raises(InvalidToken):
        reader.read(signer.sign({"sub": "A7F3K", "asg": "asg_1"}, expires_at=clock.now() + HOUR))


def test_only_the_service_whose_key_the_reader_was_given_can_give_work_out(ticket, reader, clock):
    key = KEYS["worker-service"][0]
    signer = TokenSigner(
        issuer="worker-service", private_key=key, audience=TICKET_AUDIENCE, clock=clock
    )
    with pytest.raises(InvalidToken):
        reader.read(TicketSigner(signer).sign(ticket))
