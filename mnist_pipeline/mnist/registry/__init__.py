"""The model registry: verifying evidence, deciding by a policy, recording who is champion."""
