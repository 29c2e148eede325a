"""The rules of recruitment, in the order in which a campaign lives.

- policies: what each organisation settles for itself, every number with its default
- drafting, role_description: preparing a campaign, and when it is complete enough to publish
- campaign: published, open, closed, completed once everybody has been told
- register: who applied, in time or late, who is owed an answer, who holds a place
- application: admitted, withdrawn, decided, told
- selection: the panel, declared interests, scores hidden until all are in
- assessment: the shortlist with its reasons, the informal interview
- references, clearance: two references, and the checks a role needs, each with its reason
- appointment: the offer, its acceptance, the partner at the host
- person: who turned out to be the same person, and who asked to be erased

How to read a module: docs/coverage.md.
"""
