"""What tells the index in memory that it must read again."""

from django.db import models


class SearchMark(models.Model):
    """One row per subject (taxonomy, data centres, deletions) that triggers write; nothing else does.

    The table also carries `written_in`, the transaction of the last change. `Product` carries one too, and
    `words_pending`: whether its words were changed since they were last indexed. See docs/adr/0010.
    """

    subject = models.CharField(max_length=20, unique=True)

    class Meta:
        verbose_name = "search mark"
        verbose_name_plural = "search marks"
