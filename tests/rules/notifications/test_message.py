"""One message: planned once, every attempt recorded, sent or given up."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given as given_examples
from hypothesis import settings
from hypothesis import strategies as st

from services.notifications.domain.contact import Contact
from services.notifications.domain.message import (
    MESSAGE,
    AttemptMessage,
    Command,
    Event,
    NotGivenUp,
    PersonForgotten,
    PlanMessage,
    RecordFailure,
    RecordSent,
    RetryMessage,
    decide,
)
from services.notifications.domain.policy import MessagesTerms
from shared.contracts.notifications import (
    MessageAttempted,
    MessageAttemptFailed,
    MessageFailed,
    MessagePlanned,
    MessageSent,
)
from shared.contracts.personal import Clear
from tests.rules.given import given
from tests.rules.notifications.story import MESSAGE_ID, NOW, PERSON, THING

FACTS = Clear({"received": "5pm on Tuesday 6 February 2024"})
NAME, EMAIL, ADDRESS = Clear("Amara Okafor"), Clear("amara@example.org"), Clear("1 Mill Lane")
ABOUT = f"application/{THING}"
HEADER = f"<{MESSAGE_ID}@partners.invalid>"
TERMS = MessagesTerms(retry_minutes=(5, 60))
CONTACT = Contact(PERSON, 1, "email", frozenset({"recruitment.QH8/5"}), NAME, EMAIL, ADDRESS)
PLAN = PlanMessage(
    message=MESSAGE_ID,
    message_id=HEADER,
    kind="acknowledgement",
    person=PERSON,
    about=ABOUT,
    template="acknowledgement/1",
    case="episode/1",
    facts=FACTS,
    send_after=NOW,
)
ATTEMPT = AttemptMessage(CONTACT, NOW, TERMS)
AWAY = RecordFailure(1, "unreachable", None, final=False, now=NOW, terms=TERMS)

PLANNED = MessagePlanned(
    message=MESSAGE_ID,
    message_id=HEADER,
    kind="acknowledgement",
    person=PERSON,
    about=ABOUT,
    template="acknowledgement/1",
    case="episode/1",
    facts=FACTS,
    send_after=NOW,
)
SENT = MessageSent(
    message=MESSAGE_ID,
    kind="acknowledgement",
    person=PERSON,
    about=ABOUT,
    channel="email",
    attempt=1,
    message_id=HEADER,
)


def attempted(attempt: int = 1, channel: str = "email") -> MessageAttempted:
    return MessageAttempted(
        message=MESSAGE_ID,
        kind="acknowledgement",
        person=PERSON,
        about=ABOUT,
        template="acknowledgement/1",
        case="episode/1",
        attempt=attempt,
        channel=channel,
        message_id=HEADER,
        facts=FACTS,
        name=NAME,
        email=EMAIL if channel == "email" else None,
        address=ADDRESS if channel == "post" else None,
    )


def failed(attempt: int, minutes: int, reason: str = "unreachable") -> MessageAttemptFailed:
    return MessageAttemptFailed(
        message=MESSAGE_ID,
        attempt=attempt,
        reason=reason,
        code=None,
        retry_at=NOW + timedelta(minutes=minutes),
    )


def given_up(attempt: int, reason: str = "unreachable", code: int | None = None) -> MessageFailed:
    return MessageFailed(
        message=MESSAGE_ID,
        kind="acknowledgement",
        person=PERSON,
        about=ABOUT,
        attempt=attempt,
        reason=reason,
        code=code,
    )


def test_a_message_is_planned_once() -> None:
    given(MESSAGE).when(PLAN).then(PLANNED)
    given(MESSAGE, PLANNED).when(PLAN).then_nothing()
    given(MESSAGE, PLANNED, attempted(), SENT).when(PLAN).then_nothing()


def test_an_attempt_holds_what_is_sent_and_only_the_address_it_needs() -> None:
    given(MESSAGE, PLANNED).when(ATTEMPT).then(attempted())
    by_post = replace(ATTEMPT, contact=replace(CONTACT, channel="post"))
    given(MESSAGE, PLANNED).when(by_post).then(attempted(channel="post"))


def test_one_attempt_is_under_way_at_a_time() -> None:
    given(MESSAGE, PLANNED, attempted()).when(ATTEMPT).then_nothing()
    given(MESSAGE, PLANNED, attempted(), SENT).when(ATTEMPT).then_nothing()
    given(MESSAGE).when(ATTEMPT).then_nothing()


def test_nothing_is_attempted_before_its_time() -> None:
    early = replace(ATTEMPT, now=NOW - timedelta(seconds=1))
    given(MESSAGE, PLANNED).when(early).then_nothing()
    waiting = (PLANNED, attempted(), failed(1, 5))
    given(MESSAGE, *waiting).when(ATTEMPT).then_nothing()
    due = replace(ATTEMPT, now=NOW + timedelta(minutes=5))
    given(MESSAGE, *waiting).when(due).then(attempted(2))


def test_somebody_nobody_can_reach_is_tried_again_and_then_given_up() -> None:
    unknown = replace(ATTEMPT, contact=None)
    given(MESSAGE, PLANNED).when(unknown).then(failed(1, 5, "no-contact"))
    nowhere = replace(ATTEMPT, contact=replace(CONTACT, email=None, address=None))
    given(MESSAGE, PLANNED).when(nowhere).then(failed(1, 5, "no-contact"))
    tried = (PLANNED, failed(1, 0, "no-contact"), failed(2, 0, "no-contact"))
    given(MESSAGE, *tried).when(unknown).then(given_up(3, "no-contact"))


def test_somebody_who_asked_to_be_erased_is_not_tried() -> None:
    forgotten = replace(ATTEMPT, contact=None, forgotten=True)
    given(MESSAGE, PLANNED).when(forgotten).then(given_up(1, "forgotten"))


def test_an_attempt_has_one_outcome() -> None:
    given(MESSAGE, PLANNED, attempted()).when(RecordSent(1)).then(SENT)
    given(MESSAGE, PLANNED, attempted(), SENT).when(RecordSent(1)).then_nothing()
    given(MESSAGE, PLANNED, attempted(), SENT).when(AWAY).then_nothing()
    given(MESSAGE, PLANNED, attempted()).when(RecordSent(2)).then_nothing()
    given(MESSAGE, PLANNED, attempted()).when(replace(AWAY, attempt=2)).then_nothing()


def test_a_failed_attempt_is_followed_by_another_until_the_policy_gives_up() -> None:
    given(MESSAGE, PLANNED, attempted()).when(AWAY).then(failed(1, 5))
    second = (PLANNED, attempted(), failed(1, 5), attempted(2))
    given(MESSAGE, *second).when(replace(AWAY, attempt=2)).then(failed(2, 60))
    third = (*second, failed(2, 60), attempted(3))
    given(MESSAGE, *third).when(replace(AWAY, attempt=3)).then(given_up(3))


def test_a_final_refusal_is_not_tried_again() -> None:
    refused = replace(AWAY, reason="refused", code=550, final=True)
    given(MESSAGE, PLANNED, attempted()).when(refused).then(given_up(1, "refused", 550))


def test_a_message_that_was_given_up_can_be_tried_again_by_hand() -> None:
    again = RetryMessage(CONTACT, NOW, TERMS)
    lost = (PLANNED, attempted(), given_up(1, "refused", 550))
    given(MESSAGE, *lost).when(again).then(attempted(2))
    given(MESSAGE, *lost).when(ATTEMPT).then_nothing()
    for before in ((), (PLANNED,), (PLANNED, attempted()), (PLANNED, attempted(), SENT)):
        given(MESSAGE, *before).when(again).then_refused(NotGivenUp)


def test_who_asked_to_be_erased_is_not_tried_again_by_hand() -> None:
    lost = (PLANNED, attempted(), given_up(1, "refused", 550))
    again = RetryMessage(None, NOW, TERMS, forgotten=True)
    given(MESSAGE, *lost).when(again).then_refused(PersonForgotten, "you need do nothing")


@given_examples(
    st.lists(
        st.sampled_from(
            [
                PLAN,
                ATTEMPT,
                replace(ATTEMPT, contact=None),
                replace(ATTEMPT, now=NOW + timedelta(days=2)),
                RetryMessage(CONTACT, NOW, TERMS),
                *(RecordSent(attempt) for attempt in (1, 2, 3)),
                *(replace(AWAY, attempt=attempt) for attempt in (1, 2, 3, 4)),
                replace(AWAY, attempt=2, final=True),
            ]
        ),
        max_size=25,
    )
)
@settings(derandomize=True, database=None, deadline=None)
def test_whatever_happens_a_message_is_sent_once_and_every_attempt_is_recorded(
    commands: list[Command],
) -> None:
    state, events = MESSAGE.initial, list[Event]()
    for command in commands:
        try:
            happened = decide(state, command)
        except NotGivenUp:
            continue
        for event in happened:
            state = MESSAGE.evolve(state, event)
            events.append(event)
    sent = [nth for nth, event in enumerate(events) if isinstance(event, MessageSent)]
    attempts = [event.attempt for event in events if isinstance(event, MessageAttempted)]
    assert sent in ([], [len(events) - 1])
    assert attempts == sorted(set(attempts))
    for before, event in pairwise(events):
        if isinstance(event, MessageSent):
            assert isinstance(before, MessageAttempted)
            assert before.attempt == event.attempt
    assert sum(isinstance(event, MessagePlanned) for event in events) <= 1


def test_words_and_addresses_do_not_show_themselves() -> None:
    assert "amara" not in repr(attempted())
    assert "February" not in repr(PLANNED)
