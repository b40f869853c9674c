"""Horovod: the one place that imports it. Rendezvous for agents, collectives for ranks."""
