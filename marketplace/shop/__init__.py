"""Oscar's shop where its behaviour changes: basket, checkout and order; offers and analytics kept quiet.

Everything else of Oscar is used as it is or hidden. A fork here holds only what differs.
"""
