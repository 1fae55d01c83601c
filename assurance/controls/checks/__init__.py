"""The checks that verification controls run. One file each; importing it puts it on the list.

How to write one is in `registry`; what they answer in `outcomes`.
"""

from assurance.controls.checks import (  # noqa: F401
    agreement,
    approved_versions,
    arithmetic,
    bands,
    cumulative,
    earlier_cases,
    external_verifier,
    figures_in_sources,
    freshness,
    json_schema,
    language,
    leaked_secrets,
    length,
    limits,
    lists,
    personal_data,
    quotations_in_sources,
    wording,
)
