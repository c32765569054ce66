"""Columns that name a person: a merge of two records moves them, an erasure empties them."""

from __future__ import annotations

# (table, column): what this person did for somebody else. The row stays with its owner; its
# author becomes an anonymous person.
ACTOR_COLUMNS = (
    ("review", "reviewer_id"),
    ("confirmation", "person_id"),
    ("follow_up", "person_id"),
    ("mapped_task", "added_by"),
    ("assessment", "rater_id"),
    ("workshop", "offered_by"),
    ("handed_in", "peer_id"),
    ("job_use", "peer_id"),
)


# (table, column): references to a manager or mentor.
LEADER_COLUMNS = (("person", "manager_id"), ("person", "mentor_id"))
