"""The evidence record around `data/evidence.py`: reads on their way into the chain, checkpoints, verification."""
