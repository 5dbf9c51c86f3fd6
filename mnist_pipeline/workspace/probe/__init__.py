"""The ledger of what this package believes about Azure ML without proof, and the probe that tries it in a workspace."""
