"""Outside systems, one per file: where things are kept and how they are reached."""
