# Nothing to map: the messages are canonical.
