"""The agent: one a worker. It brings the gang together, runs a process a slot, and writes the exit report."""
