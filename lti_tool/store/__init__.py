"""Tables of the tool and the SQL that changes them. Callers own the transaction; nothing here
commits."""
