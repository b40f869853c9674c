"""Benchmarks: each compares two things in one run, in alternating pairs, and prints the ratio with its interval."""
