# Nothing to map: the lines are canonical.
