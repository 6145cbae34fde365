"""Alipay's page pay behind our interface. python-alipay-sdk signs and verifies; what it does not check, we do.

Facts: opendocs.alipay.com: page pay, asynchronous notification, daily bill (T+1, GBK in a zip).
"""

import contextlib
import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import requests
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig

from billing.payments.gateways.interface import (
    Ask,
    Declined,
    Forged,
    Movement,
    Notification,
    Opened,
    Receipt,
    State,
    Unavailable,
)
from billing.rules.money import Money
from billing.rules.periods import SHANGHAI

TIMEOUT_S: Final = 10
LIVE_URL: Final = "https://openapi.alipay.com/gateway.do"
TEST_URL: Final = "https://openapi-sandbox.dl.alipaydev.com/gateway.do"
# A notification is sent again for 25 hours; it says when it was sent.
OLDEST: Final = timedelta(hours=48)
NEWEST: Final = timedelta(minutes=5)
LARGEST_BILL: Final = 64 * 1024 * 1024
STATES: Final[dict[str, State]] = {
    "WAIT_BUYER_PAY": "waiting",
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",
    "TRADE_CLOSED": "closed",
}


@dataclass(frozen=True)
class Alipay:
    """One app of Alipay. Keys are PEM."""

    app_id: str
    seller_id: str
    private_key: str
    public_key: str
    mode: str
    url: str
    name: str = "alipay"
    currencies: frozenset[str] = frozenset({"CNY"})

    def open(self, ask: Ask) -> Opened:
        """The signed address of the cashier: nothing is sent, so this cannot fail half way."""
        signed = self._client().api_alipay_trade_page_pay(
            subject=ask.subject[:256],
            out_trade_no=ask.number,
            total_amount=f"{ask.amount.to_decimal():f}",
            return_url=ask.return_url,
            notify_url=ask.notify_url,
            time_expire=f"{ask.expires_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        )
        return Opened(url=f"{self.url}?{signed}")

    def query(self, *, number: str, external_id: str) -> Receipt:
        answer = self._ask("alipay.trade.query", {"out_trade_no": number})
        if answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return Receipt(number=number, state="absent")
        self._require_success(answer)
        if answer.get("out_trade_no") != number:
            raise Unavailable("the answer is about another trade")
        return self._receipt(answer)

    def close(self, *, number: str, external_id: str) -> Receipt:
        """Close what is not paid. Says `absent` when the buyer never reached the cashier: it may still be opened."""
        answer = self._ask("alipay.trade.close", {"out_trade_no": number})
        if answer.get("code") == "10000":
            return Receipt(number=number, state="closed")
        return self.query(number=number, external_id=external_id)

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notification:
        """Whatever is wrong with a notification, it is Forged."""
        try:
            fields = _fields(body)
            if fields.get("sign_type") != "RSA2":
                raise Forged("sign_type is not RSA2")
            signed = {name: value for name, value in fields.items() if name not in ("sign", "sign_type")}
            if not self._client().verify(signed, fields["sign"]):
                raise Forged("the signature does not fit")
            if (fields["app_id"], fields["seller_id"]) != (self.app_id, self.seller_id):
                raise Forged("meant for another app or seller")
            sent_at = _moment(fields["notify_time"])
            if not now - OLDEST <= sent_at <= now + NEWEST:
                raise Forged("sent too long ago, or in the future")
            return self.read(body)
        except Forged:
            raise
        except Exception as error:  # the SDK and its RSA raise many kinds; none of them is a payment
            raise Forged(type(error).__name__) from error

    def read(self, body: bytes) -> Notification:
        fields = _fields(body)
        # A refund in part is told as a trade that succeeded, with `gmt_refund`: it is no payment.
        is_refund = bool(fields.get("gmt_refund"))
        is_payment = fields["trade_status"] in ("TRADE_SUCCESS", "TRADE_FINISHED") and not is_refund
        return Notification(
            event_id=fields["notify_id"],
            kind="payment" if is_payment else "refund" if is_refund else fields["trade_status"],
            mode=self.mode,
            receipt=self._receipt(fields) if is_payment else None,
        )

    def refund(self, *, number: str, external_id: str, key: str, amount: Money) -> str:
        """Give back a part; the same `key` again gives back nothing more. Returns the service's number."""
        content = {
            "out_trade_no": number,
            "out_request_no": key,
            "refund_amount": f"{amount.to_decimal():f}",
        }
        self._require_success(self._ask("alipay.trade.refund", content))
        answer = self._ask("alipay.trade.fastpay.refund.query", {"out_trade_no": number, "out_request_no": key})
        self._require_success(answer)
        if answer.get("refund_status") != "REFUND_SUCCESS":
            raise Unavailable("the refund is under way")
        return key

    def movements(self, *, since: datetime, until: datetime) -> list[Movement]:
        """The daily bill of the day in Shanghai that begins at `since`; it exists from the next morning on."""
        day = since.astimezone(SHANGHAI).date()
        answer = self._ask(
            "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": "trade", "bill_date": day.isoformat()}
        )
        if answer.get("sub_code") in ("isp.bill_not_exist", "BILL_NOT_EXIST"):
            return []
        self._require_success(answer)
        return read_bill(self._download(answer["bill_download_url"]))

    def _receipt(self, fields: Mapping[str, Any]) -> Receipt:
        paid_at = fields.get("gmt_payment") or fields.get("send_pay_date")
        return Receipt(
            number=fields["out_trade_no"],
            state=STATES[fields["trade_status"]],
            external_id=fields["trade_no"],
            amount=Money.from_decimal(Decimal(fields["total_amount"]), "CNY"),
            paid_at=_moment(paid_at) if paid_at else None,
        )

    def _client(self) -> AliPay:
        return _make_client(self.app_id, self.private_key, self.public_key, self.url)

    def _ask(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        """A call and its verified answer, whatever its code. Raises Unavailable."""
        try:
            return self._client().server_api(method, content)
        except AliPayException as error:
            raise Declined(_sub_code(str(error.message))) from error
        except (AliPayValidationError, OSError, ValueError, KeyError, AttributeError) as error:
            raise Unavailable(type(error).__name__) from error

    def _require_success(self, answer: Mapping[str, Any]) -> None:
        code = str(answer.get("code", ""))
        if code == "20000" or answer.get("sub_code") == "ACQ.SYSTEM_ERROR":
            raise Unavailable(str(answer.get("sub_code") or code))
        if code != "10000":
            raise Declined(str(answer.get("sub_code") or code))

    def _download(self, url: str) -> bytes:
        if not url.startswith("https://") and self.url.startswith("https://"):
            raise Unavailable("the bill's address is not https")
        try:
            with requests.get(url, timeout=TIMEOUT_S, stream=True) as answer:
                answer.raise_for_status()
                data = answer.raw.read(LARGEST_BILL + 1)
        except (requests.RequestException, OSError) as error:
            raise Unavailable(type(error).__name__) from error
        if len(data) > LARGEST_BILL:
            raise Unavailable("the bill is too large")
        return bytes(data)


@lru_cache(maxsize=4)
def _make_client(app_id: str, private_key: str, public_key: str, url: str) -> AliPay:
    """Reading two RSA keys takes longer than all else about a message, so the client is kept; calls change nothing."""
    client = AliPay(
        appid=app_id,
        app_private_key_string=private_key,
        alipay_public_key_string=public_key,
        sign_type="RSA2",
        config=AliPayConfig(timeout=TIMEOUT_S),
    )
    client._gateway = url
    return client


def read_bill(packed: bytes) -> list[Movement]:
    """The rows of a trade bill. Raises Unavailable if it cannot be read whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            name = next(one for one in _names(archive) if "汇总" not in one[1])
            if archive.getinfo(name[0]).file_size > LARGEST_BILL:
                raise Unavailable("the bill is too large")
            text = archive.read(name[0]).decode("gb18030")
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        return [_movement(row) for row in csv.DictReader(lines)]
    except (zipfile.BadZipFile, UnicodeDecodeError, KeyError, ValueError, InvalidOperation, StopIteration) as error:
        raise Unavailable(f"the bill cannot be read: {type(error).__name__}") from error


def _names(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Names as they stand in the archive, and as they are meant: old archives hold GBK that zip takes for cp437."""
    found = []
    for info in archive.infolist():
        meant = info.filename
        with contextlib.suppress(UnicodeError):
            meant = info.filename.encode("cp437").decode("gbk")
        found.append((info.filename, meant))
    return found


def _movement(row: dict[str, str]) -> Movement:
    cells = {name.strip(): (value or "").strip() for name, value in row.items() if name}
    is_refund = cells["业务类型"] == "退款"
    fee = Money.from_decimal(Decimal(cells["服务费（元）"] or "0"), "CNY").amount_minor
    return Movement(
        kind="refund" if is_refund else "payment",
        external_id=cells["退款批次号/请求号"] if is_refund else cells["支付宝交易号"],
        number=cells["商户订单号"],
        amount=Money.from_decimal(Decimal(cells["订单金额（元）"]), "CNY"),
        fee_minor=-fee,
        happened_at=_moment(cells["完成时间"]),
    )


def _fields(body: bytes) -> dict[str, str]:
    """The form as it came. A field that stands there twice makes the message ambiguous: refused."""
    pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=100)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Forged("a field stands twice")
    return fields


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)


def _sub_code(message: str) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        for response in json.loads(message).values():
            if isinstance(response, dict) and response.get("sub_code"):
                return str(response["sub_code"])
    return "refused"
