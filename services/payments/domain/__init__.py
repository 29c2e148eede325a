"""The rules of payments, in the order in which money moves.

- policy: what an organisation pays, and what a session is worth by it, with the reason in words
- payment_day: one person's date, which carries at most one full day
- payment, owed: one payment: due, declined, corrected, approved by a second person, paid
- payee: whom the organisation pays, and the bank details a second person has verified
- selection: which open amounts make up a run, netted for each payee, and who waits and why
- run, run_states: frozen, approved by a second person, its file, what the bank answers to each line
- bank_file: the file for bank software, the same bytes every time
- books: the reconciliation: every penny that is due can be found again
- people: who is the same person in another role

How to read a module: docs/coverage.md.
"""
