"""The train stage: exact global batches, a step over all ranks, evaluation, and what is left behind."""
