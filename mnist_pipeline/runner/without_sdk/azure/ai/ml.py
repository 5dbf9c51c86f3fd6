"""Hides azure.ai.ml from a step whose environment does not have it."""

raise ModuleNotFoundError(
    "azure.ai.ml is not in the environment of this step; add azure-ai-ml to its conda file.", name="azure.ai.ml"
)
