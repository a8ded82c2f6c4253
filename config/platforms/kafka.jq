# Nothing to map: the records are canonical.
