"""From what was agreed to what is paid out: one package per stage of the river."""
