"""Rows into files: one module per format. They know columns and cells, and nothing of what is exported."""
