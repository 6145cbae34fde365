"""OpenStack through Libcloud and our transport, against a small server of its interface."""

from collections.abc import Iterator
from typing import Any

import pytest

from providers.connectors import clouds
from tests.fakes import openstack as fakes
from tests.fakes import receiver as receivers

TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def server(settings: Any) -> Iterator[fakes.OpenStack]:
    with fakes.openstack() as running:
        settings.OUTBOUND_EXCEPTIONS = [running.host]
        yield running


def cloud(server: fakes.OpenStack, **fields: str) -> clouds.Cloud:
    url = f"http://{server.host}"
    access = {"kind": "openstack", "url": url, "user": "u", "password": "right", "project": "p", **fields}
    return clouds.Cloud(clouds.Access(**access))


def make(server: fakes.OpenStack) -> clouds.Server:
    return cloud(server).create(token=TOKEN, name=f"HT-1-1-{TOKEN[:12]}", size="m1", image="img")


@pytest.mark.parametrize("path", ["", "/", "/v3", "/v3/"])
def test_the_limits_are_read_from_any_spelling_of_the_address(server: fakes.OpenStack, path: str) -> None:
    quotas = cloud(server, url=f"http://{server.host}{path}").test_connection()
    assert [(quota.resource, quota.unit, int(quota.total)) for quota in quotas] == [
        ("vcpu", "vCPU", 64),
        ("ram_gib", "GiB", 128),
    ]


def test_a_machine_is_made_once_and_goes(server: fakes.OpenStack) -> None:
    first = make(server)
    assert make(server).cloud_id == first.cloud_id
    assert len(server.servers) == 1
    assert server.servers[first.cloud_id]["metadata"] == {clouds.TOKEN_TAG: TOKEN}
    assert cloud(server).status(first.cloud_id).state == "running"
    assert cloud(server).find("another token " * 3) == []
    cloud(server).delete(first.cloud_id)
    cloud(server).delete(first.cloud_id)
    assert cloud(server).status(first.cloud_id).state == "gone"


def test_of_two_machines_with_one_token_one_is_kept(server: fakes.OpenStack) -> None:
    """As when the first came to light only after we had looked for it: Nova has no token of its own."""
    for _ in range(2):
        cloud(server)._create(token=TOKEN, name=f"HT-1-1-{TOKEN[:12]}", size="m1", image="img")
    assert len(server.servers) == 2
    make(server)
    assert len(server.servers) == 1


@pytest.mark.parametrize(("status", "kind"), [(403, "refused"), (409, "refused"), (500, "unreachable")])
def test_refusals_have_their_kind_and_none_of_the_clouds_words(server: fakes.OpenStack, status: int, kind: str) -> None:
    server.fails.append(status)
    with pytest.raises(clouds.CloudError) as caught:
        make(server)
    assert caught.value.code == kind
    assert "secret words" not in caught.value.message
    with pytest.raises(clouds.CloudRefused) as refused:
        cloud(server, password="wrong").test_connection()
    assert "secret words" not in refused.value.message


def test_a_catalogue_that_leads_inside_is_not_followed(server: fakes.OpenStack) -> None:
    """The address that was typed in is checked, and so is each that the cloud then names."""
    with receivers.receiving() as inner:
        for address in (f"http://{inner.host}", "https://169.254.169.254", "https://[::ffff:127.0.0.1]"):
            server.catalogue = address
            with pytest.raises(clouds.CloudError) as caught:
                cloud(server).test_connection()
            assert caught.value.code in ("unreachable", "garbled")
        assert inner.requests == []
