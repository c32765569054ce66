"""The xAPI standard, without I/O: parsing bytes, validating statements, extracting filter keys,
splicing in what the server adds.

Statements are rejected here and nowhere else. Knows no database and no HTTP.
"""
