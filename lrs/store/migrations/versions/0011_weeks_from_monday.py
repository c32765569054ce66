"""weeks begin on Mondays (ISO 8601); they began on Thursdays"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    # The figures of the weeks from Thursday stay as a trace; the weeks from Monday are counted again
    # from the facts.
    op.execute(
        "UPDATE lrs.week_figure SET restated_at = now(), restated_by = 'the record store', "
        "restated_why = 'weeks begin on Mondays from this version on' WHERE restated_at IS NULL"
    )
    # A new level holds from the first whole week after it was set.
    op.execute("UPDATE lrs.baseline SET since = since + 4 WHERE extract(isodow FROM since) = 4")
    # The week that was evaluated last is the one in which the Thursday lies.
    op.execute(
        "UPDATE lrs.alarm SET week = week - 3 "
        "WHERE series <> 'self-check' AND extract(isodow FROM week) = 4"
    )
