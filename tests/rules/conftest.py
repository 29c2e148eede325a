"""Rule tests show both lists of events when they differ."""

import pytest

pytest.register_assert_rewrite("tests.rules.given")
