"""The revisions, oldest first. There is no way down: books lose nothing."""
