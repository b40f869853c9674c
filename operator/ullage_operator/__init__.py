"""The controlling side of Ullage: manifests, the plan, the ledger, and what drives workers."""
