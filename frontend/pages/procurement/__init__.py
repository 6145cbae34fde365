"""Pages of those who decide a purchase: buyers and procurement officers."""
