"""Which open amounts make up a payment run, and who is left out of it and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from shared.contracts.payments import LeftOut, RunItem, RunLine

LARGEST_RUN_ITEMS: Final = 500
"""Payments in one run: its event must stay far below the largest body (256 KiB); the rest wait."""


@dataclass(frozen=True, slots=True)
class Open:
    """A payment with something to pay, or to take back."""

    payment: UUID
    payee: UUID
    person: UUID
    payable_pence: int


@dataclass(frozen=True, slots=True)
class Selection:
    """One line for each payee, and who is not in the run."""

    lines: tuple[RunLine, ...]
    left_out: tuple[LeftOut, ...]


def select(payments: Iterable[Open], verified: Mapping[UUID, int]) -> Selection:
    """Net each payee's open payments into one line.

    `verified` holds the number of the verified bank details of every payee who has some. A payee to
    whom nothing is left after reversals waits, and so does whoever would make the run too large.
    """
    lines: list[RunLine] = []
    left_out: list[LeftOut] = []
    room = LARGEST_RUN_ITEMS
    for payee, theirs in _by_payee(payments):
        net = sum(payment.payable_pence for payment in theirs)
        reason = _reason_to_wait(net, payee in verified, len(theirs) <= room)
        if reason:
            person = theirs[0].person
            left_out.append(LeftOut(payee=payee, person=person, amount_pence=net, reason=reason))
            continue
        room -= len(theirs)
        lines.append(_line(theirs, net, verified[payee]))
    return Selection(tuple(lines), tuple(left_out))


def _by_payee(payments: Iterable[Open]) -> list[tuple[UUID, list[Open]]]:
    ordered = sorted(
        (payment for payment in payments if payment.payable_pence != 0),
        key=lambda payment: (payment.payee, payment.payment),
    )
    return [(payee, list(theirs)) for payee, theirs in groupby(ordered, key=lambda p: p.payee)]


def _reason_to_wait(net_pence: int, details_verified: bool, there_is_room: bool) -> str:
    if net_pence <= 0:
        return "nothing-after-corrections"
    if not details_verified:
        return "no-verified-details"
    return "" if there_is_room else "run-is-full"


def _line(payments: list[Open], net_pence: int, details_number: int) -> RunLine:
    return RunLine(
        payee=payments[0].payee,
        person=payments[0].person,
        details_number=details_number,
        amount_pence=net_pence,
        items=tuple(
            RunItem(payment=payment.payment, amount_pence=payment.payable_pence)
            for payment in payments
        ),
    )
