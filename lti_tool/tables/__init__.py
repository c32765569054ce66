"""The tables of schema ``lti_tool``."""
