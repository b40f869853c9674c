"""What the books answer: pure functions from entries that count to plain rows, clipped to a period."""
