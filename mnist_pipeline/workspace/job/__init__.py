"""Submit, follow and cancel a job in a workspace, read its logs, and download its outputs."""
