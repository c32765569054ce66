"""The record store's HTTP: parameters in, use case, answer out. No rule about statements and no SQL here."""
