"""One face for clouds: OpenStack, and those with the interface of EC2, through Apache Libcloud.

`create` can be called again with the same token, after a time-out or a crash, and there is one machine in the end: the
token goes with the request as EC2's ClientToken, stands on the machine as a tag from its first moment, and is looked up
first. What goes wrong has one of four kinds; none of them quotes what the cloud has said, but for its error code.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeVar

from django.utils.translation import gettext as _
from libcloud.common.exceptions import BaseHTTPError
from libcloud.common.types import InvalidCredsError
from libcloud.compute.base import Node, NodeImage, NodeSize
from libcloud.compute.drivers.ec2 import (
    NAMESPACE,
    VALID_EC2_REGIONS,
    EC2Connection,
    EC2NodeDriver,
    EC2Response,
)
from libcloud.compute.drivers.openstack import OpenStack_2_NodeDriver
from libcloud.compute.types import NodeState

from marketplace.organisations import errors
from providers.connectors import addresses, libcloud_transport, outbound

EC2, OPENSTACK = "ec2", "openstack"
TOKEN_TAG: Final = "marketplace-token"  # noqa: S105  (a tag's name)
MOST_IMAGES: Final = 200
_CODE: Final = re.compile(r"^([A-Za-z][A-Za-z0-9.]{2,59}):")
_CREDENTIALS_CODES: Final = (
    "AuthFailure",
    "InvalidClientTokenId",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
)
_GONE_CODES: Final = ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")

libcloud_transport.install()

Result = TypeVar("Result")


class CloudError(errors.Conflict):
    """A cloud did not do what it was asked. What was asked may have happened all the same, but for CloudRefused."""

    code = "cloud"


class CloudRefused(CloudError):
    """The cloud understood and said no: credentials, quota, an unknown size or image. `cloud_code` is its word."""

    code = "refused"

    def __init__(self, message: str, *, cloud_code: str = "") -> None:
        super().__init__(message)
        self.cloud_code = cloud_code


class CloudUnreachable(CloudError):
    """No connection, or the cloud says that it is out of order."""

    code = "unreachable"


class CloudTimedOut(CloudError):
    """No answer in time."""

    code = "timed_out"


class CloudGarbled(CloudError):
    """What came back is not what this interface answers."""

    code = "garbled"


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cloud is and who we are there. For EC2, user and password are the access key and its secret."""

    kind: str
    url: str
    user: str
    password: str = field(repr=False)
    region: str = ""
    project: str = ""
    domain: str = "Default"


@dataclass(frozen=True, slots=True)
class Server:
    """A machine of the cloud. `state`: pending, running, stopped, gone or error."""

    cloud_id: str
    state: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A size or an image: its id in the cloud and words for people."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of the account, in the words of capacity pools."""

    resource: str
    unit: str
    total: Decimal


class Cloud:
    """A connection to one account of one cloud. Every method raises CloudError by kind."""

    def __init__(self, access: Access, *, within_a_request: bool = False) -> None:
        addresses.check_url(url=access.url)
        self._access = access
        self._driver = self._ask(lambda: _make_driver(access, within_a_request=within_a_request))

    def test_connection(self) -> list[Quota]:
        """Look for a machine that is not there, which needs valid credentials; returns the limits of the account."""
        self.find("connection-test")
        return self.read_quota()

    def list_sizes(self) -> list[Choice]:
        """What can be created, the smallest first."""
        sizes = self._ask(self._driver.list_sizes)
        ordered = sorted(sizes, key=lambda size: (size.ram or 0, str(size.id)))
        return [Choice(str(size.id), f"{size.name} · {round((size.ram or 0) / 1024, 1):g} GiB") for size in ordered]

    def list_images(self) -> list[Choice]:
        """What machines can start from, at most 200. Of EC2, the account's own: the public ones are many megabytes."""
        own = {"ex_owner": "self"} if self._access.kind == EC2 else {}
        images = self._ask(lambda: self._driver.list_images(**own))
        return [Choice(str(image.id), str(image.name or image.id)[:120]) for image in images[:MOST_IMAGES]]

    def read_quota(self) -> list[Quota]:
        """The limits of the account; those that a cloud does not tell, or does not set, are left out."""
        return self._ask(lambda: _QUOTAS[self._access.kind](self._driver))

    def find(self, token: str) -> list[Server]:
        """The machines that carry a token and are not gone. There should be one at most."""
        nodes = self._ask(lambda: _FINDERS[self._access.kind](self._driver, token))
        return [server for server in map(_server, nodes) if server.state != "gone"]

    def create(self, *, token: str, name: str, size: str, image: str) -> Server:
        """The machine of a token, made now or at an earlier call. Should there be several, all but one are removed."""
        found = self.find(token)
        if not found:
            return self._create(token=token, name=name, size=size, image=image)
        kept, *superfluous = sorted(found, key=lambda server: (server.state != "running", server.cloud_id))
        for server in superfluous:
            self.delete(server.cloud_id)
        return kept

    def _create(self, *, token: str, name: str, size: str, image: str) -> Server:
        driver, by_token = self._driver, {"ex_clienttoken": token} if self._access.kind == EC2 else {}
        wanted = NodeSize(id=size, name=size, ram=0, disk=0, bandwidth=0, price=0, driver=driver)
        node = self._ask(
            lambda: driver.create_node(
                name=name,
                size=wanted,
                image=NodeImage(id=image, name=image, driver=driver),
                ex_metadata={TOKEN_TAG: token},
                **by_token,
            )
        )
        if not isinstance(node, Node):
            raise CloudGarbled(_("The cloud answered something that is not a machine."))
        return _server(node)

    def status(self, cloud_id: str) -> Server:
        """How a machine is; one that the cloud does not know (any more) is gone."""
        try:
            node = self._ask(lambda: _READERS[self._access.kind](self._driver, cloud_id))
        except CloudRefused as error:
            if error.cloud_code not in ("404", *_GONE_CODES):
                raise
            node = None
        return Server(cloud_id, "gone") if node is None else _server(node)

    def delete(self, cloud_id: str) -> None:
        """Remove a machine. One that is gone already is no error."""
        node = Node(cloud_id, cloud_id, NodeState.UNKNOWN, [], [], self._driver)
        try:
            self._ask(lambda: self._driver.destroy_node(node))
        except CloudRefused as error:
            if error.cloud_code not in ("404", *_GONE_CODES):
                raise

    def _ask(self, call: Callable[[], Result]) -> Result:
        try:
            return call()
        except CloudError:
            raise
        except outbound.TimedOut as error:
            raise CloudTimedOut(_("The cloud did not answer in time.")) from error
        except (outbound.GarbledAnswer, outbound.AnswerTooLarge) as error:
            raise CloudGarbled(_("The cloud's answer cannot be read.")) from error
        except (outbound.OutboundError, addresses.ForbiddenAddress, addresses.InvalidAddress) as error:
            raise CloudUnreachable(error.message) from error
        except (InvalidCredsError, BaseHTTPError) as error:
            raise _translate(error) from error
        except Exception as error:  # a driver fails in many ways over an answer it does not know
            raise CloudGarbled(_("The cloud's answer cannot be read.")) from error


def regions() -> list[str]:
    """The regions that the interface of EC2 knows; compatible clouds use the first that suits."""
    return sorted(VALID_EC2_REGIONS)


def _make_driver(access: Access, *, within_a_request: bool) -> Any:
    target = addresses.check_url(url=access.url)
    host = f"[{target.host}]" if ":" in target.host else target.host
    if access.kind == EC2:
        driver: Any = _Ec2(
            access.user,
            access.password,
            secure=target.scheme == "https",
            host=host,
            port=target.port,
            region=access.region or "us-east-1",
            signature_version="4",
        )
    else:
        path = target.path.rstrip("/").removesuffix("/v3")
        driver = OpenStack_2_NodeDriver(
            access.user,
            access.password,
            ex_force_auth_url=f"{target.scheme}://{host}:{target.port}{path}",
            ex_force_auth_version="3.x_password",
            ex_tenant_name=access.project,
            ex_domain_name=access.domain or "Default",
            ex_tenant_domain_id=access.domain or "default",
            ex_force_service_region=access.region or None,
            api_version="2.2",
        )
    if within_a_request:
        driver.connection.conn_class = _Hurried
    return driver


class _Ec2Response(EC2Response):
    """Compatible clouds answer in the namespace of other versions of the interface; the words are the same."""

    def parse_body(self) -> Any:
        body = super().parse_body()
        for element in body.iter() if hasattr(body, "iter") else ():
            element.tag = f"{{{NAMESPACE}}}{element.tag.rpartition('}')[2]}"
        return body

    def parse_error(self) -> str:
        """The error code, wherever a compatible cloud puts it; its words are dropped."""
        if self.status >= 500:
            return ""
        root = ElementTree.fromstring(self.body or "")  # noqa: S314  (expat limits expansion; the size is limited before)
        code = next((element.text for element in root.iter() if element.tag.rpartition("}")[2] == "Code"), None) or ""
        if code in _CREDENTIALS_CODES:
            raise InvalidCredsError(f"{code}:")
        return f"{code}:"


class _Ec2Connection(EC2Connection):
    responseCls = _Ec2Response


class _Ec2(EC2NodeDriver):
    connectionCls = _Ec2Connection


class _Hurried(libcloud_transport.PinnedConnection):
    """While a person waits for the page."""

    limits = libcloud_transport.WITHIN_A_REQUEST


def _translate(error: Exception) -> CloudError:
    """A refusal by its kind; of its words only the error code is kept."""
    status = getattr(error, "code", None)
    if isinstance(status, int) and (status >= 500 or status == 429):
        return CloudUnreachable(_("The cloud is out of order (it answered %(status)s).") % {"status": status})
    found = _CODE.match(str(getattr(error, "message", "") or error))
    code = found[1] if found else str(status or "")
    if isinstance(error, InvalidCredsError) or status in (401, 403):
        return CloudRefused(_("The cloud refused the credentials."), cloud_code=code or "401")
    return CloudRefused(_("The cloud refused: %(code)s.") % {"code": code or type(error).__name__}, cloud_code=code)


def _server(node: Node) -> Server:
    states = {
        NodeState.RUNNING: "running",
        NodeState.STOPPED: "stopped",
        NodeState.STOPPING: "stopped",
        NodeState.TERMINATED: "gone",
        NodeState.ERROR: "error",
    }
    if not node.id:
        raise CloudGarbled(_("The cloud answered something that is not a machine."))
    state = states.get(node.state, "pending")
    if node.extra.get("status") == "shutting-down":
        state = "gone"
    found = tuple(str(address) for address in (*node.public_ips, *node.private_ips) if address)
    return Server(cloud_id=str(node.id), state=state, addresses=found)


def _find_in_ec2(driver: EC2NodeDriver, token: str) -> list[Node]:
    return _describe(driver, {"Filter.1.Name": f"tag:{TOKEN_TAG}", "Filter.1.Value.1": token})


def _find_in_openstack(driver: OpenStack_2_NodeDriver, token: str) -> list[Node]:
    """Nova has no look-up by metadata; a name contains the first characters of its token."""
    found = driver.connection.request("/servers/detail", params={"name": token[:12]}).object
    return [node for node in driver._to_nodes(found) if node.extra.get("metadata", {}).get(TOKEN_TAG) == token]


def _read_from_ec2(driver: EC2NodeDriver, cloud_id: str) -> Node | None:
    return next(iter(_describe(driver, {"InstanceId.1": cloud_id})), None)


def _describe(driver: EC2NodeDriver, which: dict[str, str]) -> list[Node]:
    """Libcloud's list_nodes, without the second request for elastic addresses."""
    found = driver.connection.request(driver.path, params={"Action": "DescribeInstances", **which}).object
    sets = found.iter(f"{{{NAMESPACE}}}instancesSet")
    return [driver._to_node(item) for each in sets for item in each.findall(f"{{{NAMESPACE}}}item")]


def _read_from_openstack(driver: OpenStack_2_NodeDriver, cloud_id: str) -> Node | None:
    return driver.ex_get_node_details(cloud_id)


def _quota_of_ec2(driver: EC2NodeDriver) -> list[Quota]:
    """Read here, because Libcloud takes every attribute for a number, and compatible clouds send all of them."""
    wanted = {"Action": "DescribeAccountAttributes", "AttributeName.1": "max-instances"}
    within = f"{{{NAMESPACE}}}"
    for item in driver.connection.request(driver.path, params=wanted).object.iter(f"{within}item"):
        if item.findtext(f"{within}attributeName") == "max-instances":
            total = item.findtext(f"{within}attributeValueSet/{within}item/{within}attributeValue")
            return [Quota("instances", "台", Decimal(int(total or 0)))]
    return []


def _quota_of_openstack(driver: OpenStack_2_NodeDriver) -> list[Quota]:
    """Nova counts memory in MiB; -1 is no limit."""
    limits = driver.connection.request("/limits").object["limits"]["absolute"]
    known = (
        ("vcpu", "vCPU", "maxTotalCores", 1),
        ("ram_gib", "GiB", "maxTotalRAMSize", 1024),
        ("instances", "台", "maxTotalInstances", 1),
    )
    return [
        Quota(resource, unit, Decimal(int(limits[name]) // divisor))
        for resource, unit, name, divisor in known
        if int(limits.get(name, -1)) > 0
    ]


_FINDERS: Final[dict[str, Callable[[Any, str], list[Node]]]] = {EC2: _find_in_ec2, OPENSTACK: _find_in_openstack}
_READERS: Final[dict[str, Callable[[Any, str], Node | None]]] = {EC2: _read_from_ec2, OPENSTACK: _read_from_openstack}
_QUOTAS: Final[dict[str, Callable[[Any], list[Quota]]]] = {EC2: _quota_of_ec2, OPENSTACK: _quota_of_openstack}
