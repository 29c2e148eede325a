"""Notifications running: planned once, attempted before sending, out as e-mail or letter."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from services.notifications.app import SERVICE
from services.notifications.sending import letter_folder, mail_folder
from services.notifications.settings import notifications_settings
from shared.contracts.notifications import (
    ContactForgotten,
    ContactLearned,
    MessageAttempted,
    MessageAttemptFailed,
    MessageFailed,
    MessagePlanned,
    MessageSent,
)
from shared.contracts.openings import PersonalDataOpened, SubjectErased
from shared.contracts.personal import Sealed
from shared.contracts.recruitment import (
    ApplicationReceived,
    ErasureRequested,
    OutcomeDecided,
    PartnerAppointed,
)
from shared.infra.database import Pool
from shared.kernel.ijson import Json
from tests.adapters.conftest import Database
from tests.adapters.running_service import START, Running, running

PERSON, APPLICATION = UUID(int=901), UUID(int=31)
ABOUT = f"application/{APPLICATION}"
GRACE: dict[str, Json] = {
    "name": "Grace Okafor",
    "email": "grace.okafor@example.org",
    "address": "1 Example Street\nBasildon",
}


@pytest.fixture
async def office(database: Database, pool: Pool, tmp_path: Path) -> AsyncIterator[Running]:
    """Notifications that puts e-mails into a folder."""
    folder = tmp_path / "files"
    async with running(SERVICE, database, pool, tmp_path, files_folder=folder) as found:
        yield found


def sealed(field: str, person: UUID = PERSON) -> Sealed:
    return Sealed(
        key=UUID(int=1),
        person=person,
        retention_class="application",
        case=ABOUT,
        at=f"recruitment.QH8 {UUID(int=5)} /{field}",
        iv="A" * 16,
        ct="A" * 40,
    )


async def apply(
    office: Running, channel: Literal["email", "post"] = "email", **opened: Json
) -> None:
    """Grace Okafor's application arrives."""
    event = ApplicationReceived(
        application=APPLICATION,
        campaign=UUID(int=11),
        lead="QH8",
        person=PERSON,
        opportunities=(UUID(int=12),),
        channel="online",
        received_at=START,
        late=False,
        name=sealed("name"),
        contact_channel=channel,
        answers=sealed("answers"),
    )
    recorded = office.recorded("recruitment", "QH8", ABOUT, event)
    await office.hear(recorded, opened or GRACE)


def decided(office: Running) -> Any:
    event = OutcomeDecided(
        application=APPLICATION,
        campaign=UUID(int=11),
        person=PERSON,
        decision=1,
        successful=True,
        next_steps="We will ask for two references.",
    )
    return office.recorded("recruitment", "QH8", ABOUT, event)


def mails(office: Running) -> list[EmailMessage]:
    folder = notifications_settings(office.kit).files_folder / "messages"
    return [message_from_bytes(path.read_bytes(), policy=default) for path in folder.rglob("*.eml")]


def body_of(mail: EmailMessage) -> str:
    """The text as it reads, whatever the ends of its lines."""
    return str(mail.get_content()).replace("\r\n", "\n")


async def test_an_acknowledgement_goes_out_once(office: Running) -> None:
    await apply(office)
    (mail,) = mails(office)
    (sent,) = await office.of(MessageSent)
    assert (sent.kind, sent.about, sent.channel, sent.person) == (
        "acknowledgement",
        ABOUT,
        "email",
        PERSON,
    )
    assert mail["Message-ID"] == sent.message_id == f"<{sent.message}@partners.invalid>"
    assert mail["To"] == "Grace Okafor <grace.okafor@example.org>"
    assert mail["From"] == "NHS Mid and South Essex ICB <partners@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "We have your application"
    body = body_of(mail)
    assert body.startswith("Dear Grace Okafor,\n\nThank you")
    assert "We received it at 9am on Thursday 28 March 2024." in body
    assert body.endswith("NHS Mid and South Essex ICB\n")


async def test_the_attempt_stands_in_the_log_before_anything_is_sent(office: Running) -> None:
    event = decided(office)
    await apply(office)
    # delivered, but the service has not heard itself: nothing has left yet
    await office.deliver(event, {})
    assert len(await office.of(MessageAttempted)) == 2
    assert len(mails(office)) == 1
    await office.catch_up()
    assert len(mails(office)) == 2
    types = [one.type for one in await office.events() if one.stream.startswith("message/")]
    assert types[-3:] == ["MessagePlanned", "MessageAttempted", "MessageSent"]


async def test_the_same_event_twice_tells_once(office: Running) -> None:
    await apply(office)
    event = decided(office)
    await office.hear(event)
    await office.hear(event)
    kinds = [sent.kind for sent in await office.of(MessageSent)]
    assert kinds == ["acknowledgement", "outcome"]
    assert len(mails(office)) == 2


async def test_an_attempt_heard_again_sends_nothing_again(office: Running) -> None:
    await apply(office)
    (attempt,) = [one for one in await office.events() if one.type == "MessageAttempted"]
    for file in (notifications_settings(office.kit).files_folder).rglob("*.eml"):
        file.unlink()
    await office.deliver(attempt, await opened_values(office, attempt))
    assert mails(office) == []
    assert len(await office.of(MessageSent)) == 1


async def test_a_crash_after_sending_sends_the_same_mail_under_the_same_id(office: Running) -> None:
    """Nothing tells whether the mail went out: the same bytes go to the same place again."""
    event = decided(office)
    await apply(office)
    await office.deliver(event, {})
    recorded = [one for one in await office.events() if one.type == "MessageAttempted"][-1]
    sending = office.service.reactions(office.kit)[-1].handlers["MessageAttempted"]
    assert sending.beforehand is not None
    opened = await opened_values(office, recorded)
    await sending.beforehand(recorded, opened)
    before = {mail["Message-ID"]: mail.as_bytes() for mail in mails(office)}
    # another process takes over a little later: it knows nothing of the first one's sending
    office.clock.set(START + timedelta(minutes=1))
    await office.catch_up()
    assert {mail["Message-ID"]: mail.as_bytes() for mail in mails(office)} == before
    assert len(before) == 2
    assert len(await office.of(MessageSent)) == 2


async def opened_values(office: Running, recorded: Any) -> Any:
    sending = office.service.reactions(office.kit)[-1].handlers["MessageAttempted"]
    return await office.kit.opener.open(
        sending.opens(recorded),
        sending.purpose,
        organisation="QH8",
        actor="system/notifications",
    )


async def test_who_wants_letters_gets_one_to_be_posted(office: Running) -> None:
    await apply(office, channel="post")
    assert mails(office) == []
    folder = notifications_settings(office.kit).files_folder / "letters"
    (letter,) = [path.read_text() for path in folder.rglob("*.txt")]
    lines = letter.splitlines()
    assert lines[0] == "LETTER to be printed and posted"
    assert lines[3:6] == ["Grace Okafor", "1 Example Street", "Basildon"]
    assert "28 March 2024" in lines
    assert [sent.channel for sent in await office.of(MessageSent)] == ["post"]


async def test_an_appointment_is_told_by_the_host_with_the_income_notice(office: Running) -> None:
    event = PartnerAppointed(
        appointment=UUID(int=41),
        person=PERSON,
        campaign=UUID(int=11),
        application=APPLICATION,
        opportunity=UUID(int=12),
        lead="QH8",
        host="RAJ",
        payer="QH8",
        role_family="patient-safety-partner",
        carries_payment=True,
        term_starts_on=date(2024, 4, 1),
        term_ends_on=date(2025, 9, 30),
        lead_contact=UUID(int=7),
        name=sealed("name"),
        contact_channel="email",
    )
    stream = f"appointment/{UUID(int=41)}"
    await office.hear(office.recorded("recruitment", "RAJ", stream, event), GRACE)
    (mail,) = mails(office)
    assert mail["From"] == "Mid and South Essex NHS FT <partners@example.org>"
    text = " ".join(body_of(mail).split())
    assert "involvement payment, which NHS Mid and South Essex ICB pays" in text
    assert "see involvement payments as income" in text
    assert [one.kind for one in await office.of(MessageSent, organisation="RAJ")] == ["appointment"]


async def test_nothing_personal_lies_in_the_log_in_clear(office: Running) -> None:
    await apply(office)
    for event in await office.events():
        for secret in ("Grace", "grace.okafor", "Example Street", "Thursday 28"):
            assert secret not in event.body
    (opening,) = await office.of(PersonalDataOpened)
    assert opening.purpose == "writing a message"
    (attempt,) = await office.of(MessageAttempted)
    assert attempt.address is None


async def test_somebody_nobody_can_reach_is_tried_again_until_a_contact_is_known(
    office: Running,
) -> None:
    await office.hear(decided(office))
    (failed,) = await office.of(MessageAttemptFailed)
    assert (failed.reason, failed.retry_at) == ("no-contact", START + timedelta(minutes=5))
    await apply(office)
    await office.work_off_deadlines(START + timedelta(minutes=4))
    assert [sent.kind for sent in await office.of(MessageSent)] == ["acknowledgement"]
    await office.work_off_deadlines(START + timedelta(minutes=5))
    assert [sent.kind for sent in await office.of(MessageSent)] == ["acknowledgement", "outcome"]


async def test_what_fails_for_good_can_be_tried_again_by_hand(office: Running) -> None:
    await office.hear(decided(office))
    for minutes in (5, 65, 785):
        await office.work_off_deadlines(START + timedelta(minutes=minutes))
    (failed,) = await office.of(MessageFailed)
    assert (failed.kind, failed.attempt, failed.reason) == ("outcome", 4, "no-contact")
    path = f"messages/{failed.message}/retry"
    await apply(office)
    await office.done(path, {}, "asha", "coordinator")
    assert [sent.kind for sent in await office.of(MessageSent)] == ["acknowledgement", "outcome"]
    assert await office.refused(path, {}, "asha", "coordinator") == "not-given-up"
    reply = await office.post(f"messages/{UUID(int=1)}/retry", {}, "asha", "coordinator")
    assert reply.status_code == 404


async def test_who_asked_to_be_erased_is_told_nothing_more(office: Running) -> None:
    await apply(office)
    request = ErasureRequested(person=PERSON, reason="asked-by-the-person")
    await office.hear(office.recorded("recruitment", "QH8", f"person/{PERSON}", request))
    assert len(await office.of(ContactForgotten)) == 1
    (erased,) = await office.of(SubjectErased)
    assert len(erased.destroyed) == 1
    await office.hear(decided(office))
    assert len(await office.of(MessagePlanned)) == 1

    await apply(office)
    assert [one.case for one in await office.of(ContactLearned)] == ["episode/1", "episode/2"]
    assert len(await office.of(MessageSent)) == 2


async def test_a_message_erased_before_it_left_is_given_up(office: Running) -> None:
    await apply(office)
    await office.deliver(decided(office), {})
    request = ErasureRequested(person=PERSON, reason="asked-by-the-person")
    await office.deliver(office.recorded("recruitment", "QH8", f"person/{PERSON}", request), {})
    office.kit.opener._cache.clear()
    await office.catch_up()
    (failed,) = await office.of(MessageFailed)
    assert (failed.kind, failed.reason) == ("outcome", "unreadable")


async def test_what_lies_in_the_folders_is_listed_and_expires(office: Running) -> None:
    await apply(office)
    (sent,) = await office.of(MessageSent)
    listed = await office.get("put-out", "asha", "coordinator")
    assert [(one["what"], one["on"], one["name"]) for one in listed] == [
        ("message", "2024-03-28", f"{sent.message}.eml")
    ]
    settings = notifications_settings(office.kit)
    assert mail_folder(settings).expire("QH8", date(2024, 3, 29)) == 1
    assert letter_folder(settings).expire("QH8", date(2024, 3, 29)) == 0
    assert await office.get("put-out", "asha", "coordinator") == []
    templates = await office.get("templates", "asha", "coordinator")
    assert "acknowledgement/1" in [one["template"] for one in templates]


# SMTP


class MailBox:
    """A mail server's handler: keeps what it takes, and answers as the test wants."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answer = "250 OK"
        self.answer_to_data = "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.answer_to_data.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            mail = message_from_bytes(content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.taken.append(mail)
        return self.answer_to_data


@asynccontextmanager
async def mail_server(box: MailBox, port: int = 0) -> AsyncIterator[int]:
    """A real SMTP server; answers its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail"), "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def posting(
    database: Database, pool: Pool, folder: Path, port: int
) -> AsyncIterator[Running]:
    """Notifications that sends over SMTP."""
    async with running(
        SERVICE,
        database,
        pool,
        folder,
        files_folder=folder / "files",
        mail_adapter="smtp",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
        smtp_timeout_seconds=5,
    ) as found:
        yield found


async def test_mail_goes_over_smtp(database: Database, pool: Pool, tmp_path: Path) -> None:
    box = MailBox()
    async with (
        mail_server(box) as port,
        posting(database, pool, tmp_path, port) as office,
    ):
        await apply(office)
        (mail,) = box.taken
        (sent,) = await office.of(MessageSent)
        assert mail["Message-ID"] == sent.message_id
        assert mail["To"] == "Grace Okafor <grace.okafor@example.org>"
        assert body_of(mail).startswith("Dear Grace Okafor,")
        assert mails(office) == []


async def test_a_refusal_by_the_server_is_final_or_not_as_it_says(
    database: Database, pool: Pool, tmp_path: Path
) -> None:
    box = MailBox()
    async with (
        mail_server(box) as port,
        posting(database, pool, tmp_path, port) as office,
    ):
        box.answer = "450 Mailbox busy"
        await apply(office)
        (failed,) = await office.of(MessageAttemptFailed)
        assert (failed.reason, failed.code) == ("refused", 450)
        box.answer, box.answer_to_data = "250 OK", "552 Too much mail"
        await office.work_off_deadlines(START + timedelta(minutes=5))
        (given_up,) = await office.of(MessageFailed)
        assert (given_up.reason, given_up.code, given_up.attempt) == ("refused", 552, 2)
        box.answer = "550 No such user <grace.okafor@example.org>"
        await office.hear(decided(office))
        assert (await office.of(MessageFailed))[-1].code == 550
        assert all("grace.okafor" not in one.body for one in await office.events())
        assert box.taken == []


async def test_a_server_that_is_away_is_tried_again(
    database: Database, pool: Pool, tmp_path: Path
) -> None:
    box = MailBox()
    async with mail_server(box) as port:
        pass
    async with posting(database, pool, tmp_path, port) as office:
        await apply(office)
        (failed,) = await office.of(MessageAttemptFailed)
        assert (failed.reason, failed.code, failed.attempt) == ("unreachable", None, 1)
        async with mail_server(box, port):
            await office.work_off_deadlines(START + timedelta(minutes=5))
        (sent,) = await office.of(MessageSent)
        assert (sent.attempt, box.taken[0]["Message-ID"]) == (2, sent.message_id)


async def test_an_address_that_is_none_is_not_sent_to(office: Running) -> None:
    await apply(office, name="Grace", email="not an address\r\nBcc: all@example.org")
    (failed,) = await office.of(MessageFailed)
    assert (failed.reason, failed.attempt) == ("bad-address", 1)
    assert mails(office) == []
