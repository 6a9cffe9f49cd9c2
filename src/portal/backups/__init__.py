"""Back-ups: one folder that holds the database, people's sealed files and the public part of the checkpoints."""
