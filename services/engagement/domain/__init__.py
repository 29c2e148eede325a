"""The rules of engagement, in the order in which somebody is a partner.

- policies: what each organisation settles for itself: items, courses, terms, minimum partners
- partner: welcomed, onboarding, active only when all that is required is done, stood down
- checklist, onboarding: the items done or waived, training with its expiry and reminders
- terms: one term at a time, extended with a reason, ended
- standing: what others need to know of a partner: active, and in term on that day?
- committee: its minimum, its own training, its seats, none given twice
- meeting: scheduled, invited to, answered, cancelled
- attendance, session: held, attended from when to when, corrected with a reason
- diary: what one partner is part of, with a flag where two sessions overlap
- activity, contribution: work outside meetings, and what was raised and answered
- wording: a reason of blanks is no reason

How to read a module: docs/coverage.md.
"""
