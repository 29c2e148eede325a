"""The rules of notifications: who is told what, once.

- telling: which event tells whom what, the whole list
- wording, text: dates, times and amounts as people read them; a template filled with them
- contact, contacts: how a person is reached, as they last said, until they ask to be erased
- message: planned once, each attempt recorded before it is made, given up after the last
- policy: how often and how long sending is tried

How to read a module: docs/coverage.md.
"""
