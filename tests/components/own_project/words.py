separator = ": "
