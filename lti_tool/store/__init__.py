"""Tables of the tool and the SQL that changes them. Callers hold the transaction; nothing here commits."""
