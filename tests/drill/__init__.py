"""What can go wrong with a refresh, done to one on purpose; ``python -m tests.drill``, `make drill`."""
