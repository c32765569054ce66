"""The standard, without I/O: reading bytes, judging statements, extracting what is filtered by, splicing what the server adds.

Refuses a statement here, and nowhere else. Knows no database and no HTTP.
"""
