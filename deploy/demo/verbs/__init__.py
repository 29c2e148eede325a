"""What people in a story can do: each verb turns a step's words into commands over HTTP."""

from collections.abc import Mapping
from typing import Final

from deploy.demo.play import Verb
from deploy.demo.verbs import engagement, payments, recruitment

VERBS: Final[Mapping[str, Verb]] = {**recruitment.VERBS, **engagement.VERBS, **payments.VERBS}
