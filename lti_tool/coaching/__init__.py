"""Peer coaching groups and their meetings."""
