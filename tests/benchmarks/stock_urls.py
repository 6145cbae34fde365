"""Browsing of stock Oscar by plain ORM views with its default templates; the rest is Oscar's own addresses."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.paginator import Paginator
from django.urls import include, path
from django.views.generic import TemplateView
from oscar.core.loading import get_model

PAGE_SIZE = 20


@dataclass(frozen=True)
class Hit:
    """Oscar's templates expect what haystack answers."""

    object: Any


class Browse(TemplateView):
    """All products, 20 a page."""

    template_name = "oscar/catalogue/browse.html"

    def find(self) -> Any:
        return get_model("catalogue", "Product").objects.browsable().base_queryset()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        paginator = Paginator(self.find(), PAGE_SIZE)
        page = paginator.get_page(self.request.GET.get("page", 1))
        products = [Hit(product) for product in page.object_list]
        context |= {"summary": "All products", "paginator": paginator, "page_obj": page, "page": page}
        return context | {"products": products, "query": self.request.GET.get("q", "")}


class BrowseCategory(Browse):
    """The products of a category."""

    template_name = "oscar/catalogue/category.html"

    def find(self) -> Any:
        self.category = get_model("catalogue", "Category").objects.get(pk=self.kwargs["pk"])
        return super().find().filter(categories__in=self.category.get_descendants_and_self()).distinct()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"category": self.category}


class Search(Browse):
    """Products whose title holds the words."""

    def find(self) -> Any:
        return super().find().filter(title__icontains=self.request.GET["q"])


urlpatterns = [
    path("measured/", Browse.as_view()),
    path("measured/category/<int:pk>/", BrowseCategory.as_view()),
    path("measured/search/", Search.as_view()),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
