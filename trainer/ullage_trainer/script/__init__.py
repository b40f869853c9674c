"""The user's own Horovod program: run on every rank as it would run by hand, and heard if it tells how far it is."""
