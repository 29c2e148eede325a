"""Where a topic stands to its log: whether a relay may publish, and from where."""

from shared.infra.bus.standing import Claim, Published, Standing, judge, went_back

OURS = Claim(7, b"seven", b"seven")
OTHER_BYTES = Claim(7, b"seven", b"sept")
BEYOND = Claim(9, b"nine", None)


def test_a_topic_without_any_event_of_the_log_may_be_written() -> None:
    assert judge(None, None) is Standing.PUBLISHING


def test_a_topic_that_ends_with_our_own_event_may_be_written() -> None:
    assert judge(OURS, OURS) is Standing.PUBLISHING


def test_a_number_beyond_the_head_says_the_database_is_behind() -> None:
    assert judge(BEYOND, OURS) is Standing.BEHIND


def test_a_topic_with_only_numbers_beyond_the_head_says_so_too() -> None:
    assert judge(BEYOND, None) is Standing.BEHIND


def test_other_bytes_at_a_number_say_two_write() -> None:
    assert judge(OTHER_BYTES, OTHER_BYTES) is Standing.TWO_WRITERS


def test_other_bytes_below_a_number_beyond_the_head_say_two_write() -> None:
    assert judge(BEYOND, OTHER_BYTES) is Standing.TWO_WRITERS


CONFIRMED = Published(sequence=7, offset=6, end=7)


def test_a_topic_with_the_confirmed_record_at_its_offset_did_not_go_back() -> None:
    assert not went_back(CONFIRMED, 7, b"seven", b"seven")
    assert not went_back(CONFIRMED, 20, b"seven", b"seven")


def test_an_end_before_its_own_past_went_back() -> None:
    assert went_back(CONFIRMED, 6, b"seven", b"seven")


def test_another_record_at_the_confirmed_offset_went_back() -> None:
    assert went_back(CONFIRMED, 7, b"eight", b"seven")
    assert went_back(CONFIRMED, 7, None, b"seven")


def test_where_nothing_was_confirmed_nothing_can_go_back() -> None:
    assert not went_back(Published(), 0, None, None)
