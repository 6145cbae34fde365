"""The content security policy on every answer, and nothing in the templates that it would block."""

import re
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from frontend import middleware

TEMPLATES = sorted((Path(middleware.__file__).parent / "templates").glob("**/*.html"))


def test_every_answer_carries_the_policy() -> None:
    answer = middleware.ContentSecurityPolicyMiddleware(lambda request: HttpResponse())(RequestFactory().get("/"))
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_anything_inline_or_foreign(template: Path) -> None:
    text = re.sub(r"{% comment %}.*?{% endcomment %}", "", template.read_text(), flags=re.S)
    assert not re.search(r"""\sstyle\s*=|<style|\son\w+\s*=\s*["']|hx-on|javascript:""", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)", text)
    assert not re.search(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", text)
