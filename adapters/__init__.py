"""Translators, both ways: one outside system's dialect to or from our words.

No web server, no database; no adapter knows another. A new LMS, KPI source or channel is one file here and nothing elsewhere.
"""
