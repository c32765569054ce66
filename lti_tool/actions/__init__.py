"""The acts of people: plain functions, one transaction each, unit of work first. An act's statements go into the outbox with it."""
