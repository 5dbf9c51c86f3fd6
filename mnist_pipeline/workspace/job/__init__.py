"""A job in a workspace: submit, follow, cancel, download."""
