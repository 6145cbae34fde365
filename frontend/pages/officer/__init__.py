"""Pages of procurement officers and of those who sign with them."""
