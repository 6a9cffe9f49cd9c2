"""What the tests share: databases, the auditing client, swaps, the browser."""
