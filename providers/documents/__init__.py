"""Files that prove something: checked when they come in, kept privately, never shown inline."""
