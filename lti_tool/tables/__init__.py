"""The tables of schema ``lti_tool``: a file for each package, one MetaData. ``tenant_id`` leads
every secondary index.
"""

from lti_tool.tables import (
    assessment,
    base,
    checks,
    coaching,
    launch,
    nudges,
    people,
    privacy,
    programmes,
    transfer,
    visits,
)

ALL = (
    assessment,
    base,
    checks,
    coaching,
    launch,
    nudges,
    people,
    privacy,
    programmes,
    transfer,
    visits,
)
