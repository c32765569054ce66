"""Translators between an outside system's dialect and our own data model, in both directions.

No web server, no database; no adapter imports another. A new LMS, KPI source or channel is one
new file here and no change elsewhere.
"""
