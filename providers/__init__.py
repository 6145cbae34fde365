"""Who sells, and from which capacity: Oscar's partner app (label `partner`) with data centres and pools."""
