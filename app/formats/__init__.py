"""A record, a list and the whole in every format: pure functions that give bytes."""
