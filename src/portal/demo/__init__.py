"""The demonstration: fictitious data in the import formats, and the fixed accounts that show it."""
