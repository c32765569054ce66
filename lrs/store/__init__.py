"""Tables of the record store and the SQL that changes them. Callers hold the transaction; nothing here commits."""
