"""Reads of an offering's life: what drafts are checked against, versions, steps, and the lists of the two desks."""

from typing import Final

from listings.content import CategoryRules, Schema
from listings.models import OfferingVersion
from listings.taxonomy import queries as taxonomy
from marketplace.organisations import errors
from providers.models import DataCentre

ONCE_PUBLISHED: Final = (OfferingVersion.State.PUBLISHED, OfferingVersion.State.SUPERSEDED)


class NoSuchListing(errors.NotFound):
    """No offering with this code, or another provider's."""


class NoSuchVersion(errors.NotFound):
    """The offering never had this version in force."""


def read_schema(*, partner_id: int) -> Schema:
    """What a provider's offerings are checked against; 5 queries for any number of offerings."""
    categories = taxonomy.list_categories()
    schemas = taxonomy.schema_of(category_ids=[one.pk for one in categories])
    return Schema(
        categories={
            one.slug: CategoryRules(id=one.pk, service_model=one.service_model, attributes=schemas[one.pk])
            for one in categories
        },
        domains=tuple(one.code for one in taxonomy.list_domains()),
        data_centres=dict(DataCentre.objects.filter(partner_id=partner_id).values_list("code", "pk")),
    )
