"""Letters into the outbox (`data/outbox.py`), and out of it."""
