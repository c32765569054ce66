"""HTTP layer of the record store: parse parameters, call a use case, build the response. No
rules about statements and no SQL here.
"""
