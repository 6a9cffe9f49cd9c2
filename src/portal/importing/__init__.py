"""Importing files of the insurer: reading them, judging each row, and loading what is right (`portal import`)."""
