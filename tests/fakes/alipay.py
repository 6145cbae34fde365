"""Alipay as a local server: strict about signatures, apps, amounts and refunds; forgets everything when it ends.

Page pay, its cashier where one presses pay, notifications until `success`, query, close, refund, refund query and
the daily bill. Keys are made at the start. Facts: opendocs.alipay.com, products "page pay" and "reconciliation".
"""

import base64
import csv
import html
import io
import json
import secrets
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from Cryptodome.Hash import SHA256
from Cryptodome.PublicKey import RSA
from Cryptodome.Signature import PKCS1_v1_5

from tests.fakes import served
from tests.fakes.served import Answered, Asked, Letter, Postman

CHINA = timezone(timedelta(hours=8))
SELLER_ID = "2088000000000001"
FEE_RATE = Decimal("0.006")
COLUMNS = [
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "创建时间",
    "完成时间",
    "门店编号",
    "门店名称",
    "操作员",
    "终端号",
    "对方账户",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝红包（元）",
    "集分宝（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "券核销金额（元）",
    "券名称",
    "商家红包消费金额（元）",
    "卡消费金额（元）",
    "退款批次号/请求号",
    "服务费（元）",
    "分润（元）",
    "备注",
]


@dataclass
class Trade:
    """One order of payment. `refunds`: request number → amount."""

    trade_no: str
    out_trade_no: str
    subject: str
    total: Decimal
    notify_url: str
    return_url: str
    created_at: datetime
    status: str = "WAIT_BUYER_PAY"
    paid_at: datetime | None = None
    refunds: dict[str, Decimal] = field(default_factory=dict)
    refunded_at: dict[str, datetime] = field(default_factory=dict)

    @property
    def refunded(self) -> Decimal:
        return sum(self.refunds.values(), Decimal(0))


@dataclass
class FakeAlipay:
    """The service. `app_private` and `public` are what its merchant is given."""

    app_id: str = "9021000000000001"
    url: str = ""
    trades: dict[str, Trade] = field(default_factory=dict)
    postman: Postman = field(default_factory=Postman)
    lose: list[str] = field(default_factory=list)  # methods whose next answer is lost
    foreign: list[list[str]] = field(default_factory=list)  # rows of the bill that nobody asked us for
    clock: Any = None
    lock: Any = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        app, own = RSA.generate(2048), RSA.generate(2048)
        self.app_private, self.private = app.export_key().decode(), own.export_key().decode()
        self.public = own.publickey().export_key().decode()
        self._app_key, self._key = app.publickey(), own

    def now(self) -> datetime:
        return (self.clock() if self.clock else datetime.now(CHINA)).astimezone(CHINA)

    # --- signatures ---------------------------------------------------------------------------------
    def sign(self, text: str, key: Any = None) -> str:
        signature = PKCS1_v1_5.new(key or self._key).sign(SHA256.new(text.encode()))
        return base64.b64encode(signature).decode()

    def sign_fields(self, fields: dict[str, str], key: Any = None) -> dict[str, str]:
        """A notification or a return as Alipay signs it: sorted, without `sign` and `sign_type`."""
        signed = {name: value for name, value in fields.items() if name not in ("sign", "sign_type")}
        text = "&".join(f"{name}={value}" for name, value in sorted(signed.items()))
        return {**fields, "sign_type": "RSA2", "sign": self.sign(text, key)}

    def _is_signed_by_app(self, fields: dict[str, str]) -> bool:
        text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if name != "sign")
        try:
            signature = base64.b64decode(fields.get("sign", ""))
            return bool(PKCS1_v1_5.new(self._app_key).verify(SHA256.new(text.encode()), signature))
        except (ValueError, TypeError):
            return False

    # --- the door -------------------------------------------------------------------------------------
    def answer(self, asked: Asked) -> Answered:
        with self.lock:
            if asked.path == "/gateway.do":
                return self._gateway(asked)
            if asked.path == "/cashier":
                return self._press(asked.fields)
            if asked.path == "/bill":
                return Answered(self.bill(asked.fields.get("date", "")), 200, "application/zip")
        return Answered(b"not found", 404, "text/plain")

    def _gateway(self, asked: Asked) -> Answered:
        fields, method = asked.fields, asked.fields.get("method", "")
        if fields.get("sign_type") != "RSA2" or not self._is_signed_by_app(fields):
            return self._signed("error_response", {"code": "40002", "msg": "Invalid Arguments",
                                                   "sub_code": "isv.invalid-signature"})  # fmt: skip
        if fields.get("app_id") != self.app_id:
            return self._signed("error_response", {"code": "40002", "msg": "Invalid Arguments",
                                                   "sub_code": "isv.invalid-app-id"})  # fmt: skip
        content = json.loads(fields.get("biz_content") or "{}")
        if method == "alipay.trade.page.pay":
            return self._cashier(fields, content)
        work = {
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill_url,
        }.get(method)
        if work is None:
            return self._signed("error_response", {"code": "40002", "sub_code": "isv.invalid-method"})
        answered = self._signed(method.replace(".", "_") + "_response", work(content))
        if method in self.lose:
            self.lose.remove(method)
            return Answered(lost=True)
        return answered

    def _signed(self, name: str, response: dict[str, Any]) -> Answered:
        text = json.dumps(response, ensure_ascii=False, separators=(",", ":"))
        sign = "" if name == "error_response" else f',"sign":"{self.sign(text)}"'
        return Answered(f'{{"{name}":{text}{sign}}}'.encode())

    # --- the cashier ----------------------------------------------------------------------------------
    def _cashier(self, fields: dict[str, str], content: dict[str, Any]) -> Answered:
        number, total = content["out_trade_no"], Decimal(str(content["total_amount"]))
        if total <= 0 or total != round(total, 2):
            return served.page("支付宝", "<h1>INVALID_PARAMETER</h1>", status=400)
        trade = self.trades.setdefault(
            number,
            Trade(
                trade_no=self.now().strftime("%Y%m%d") + f"22001{secrets.randbelow(10**15):015d}",
                out_trade_no=number,
                subject=content["subject"],
                total=total,
                notify_url=fields.get("notify_url", ""),
                return_url=fields.get("return_url", ""),
                created_at=self.now(),
            ),
        )
        if trade.total != total:
            return served.page("支付宝", "<h1>CONTEXT_INCONSISTENT</h1>", status=400)
        if trade.status != "WAIT_BUYER_PAY":
            return served.page("支付宝", f"<h1>{trade.status}</h1>", status=400)
        return served.page(
            "支付宝收银台",
            f"<h1>支付宝收银台</h1><p>{html.escape(trade.subject)}</p>"
            f'<p class="amount">¥{trade.total:.2f}</p><form method="post" action="/cashier">'
            f'<input type="hidden" name="out_trade_no" value="{html.escape(number)}">'
            '<button class="go" name="press" value="pay">确认付款</button>'
            '<button name="press" value="back">返回商家</button></form>',
        )

    def _press(self, fields: dict[str, str]) -> Answered:
        trade = self.trades.get(fields.get("out_trade_no", ""))
        if trade is None:
            return Answered(b"not found", 404, "text/plain")
        if fields.get("press") == "pay":
            self.pay(trade.out_trade_no)
        returned = {
            "app_id": self.app_id,
            "method": "alipay.trade.page.pay.return",
            "out_trade_no": trade.out_trade_no,
            "trade_no": trade.trade_no,
            "total_amount": f"{trade.total:.2f}",
            "seller_id": SELLER_ID,
            "timestamp": f"{self.now():%Y-%m-%d %H:%M:%S}",
            "charset": "utf-8",
            "version": "1.0",
        }
        return served.redirect(f"{trade.return_url}?{urlencode(self.sign_fields(returned))}")

    def pay(self, out_trade_no: str) -> None:
        """What pressing the button does."""
        with self.lock:
            trade = self.trades[out_trade_no]
            if trade.status != "WAIT_BUYER_PAY":
                return
            trade.status, trade.paid_at = "TRADE_SUCCESS", self.now()
            self.notify(trade)

    def notification(self, trade: Trade, **changed: str) -> dict[str, str]:
        """The fields of a notification, not signed yet."""
        at = f"{self.now():%Y-%m-%d %H:%M:%S}"
        return {
            "notify_time": at,
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(17),
            "app_id": self.app_id,
            "charset": "utf-8",
            "version": "1.0",
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "seller_id": SELLER_ID,
            "trade_status": trade.status,
            "total_amount": f"{trade.total:.2f}",
            "receipt_amount": f"{trade.total:.2f}",
            "subject": trade.subject,
            "gmt_create": f"{trade.created_at:%Y-%m-%d %H:%M:%S}",
            "gmt_payment": f"{trade.paid_at or trade.created_at:%Y-%m-%d %H:%M:%S}",
            **changed,
        }

    def notify(self, trade: Trade) -> None:
        body = urlencode(self.sign_fields(self.notification(trade)))
        self.postman.post(
            Letter(
                url=trade.notify_url,
                body=body,
                headers=lambda: {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
                is_taken=lambda status, answer: status == 200 and answer == b"success",
            )
        )

    # --- calls of the merchant ------------------------------------------------------------------------
    def _find(self, content: dict[str, Any]) -> Trade | None:
        if number := content.get("out_trade_no"):
            return self.trades.get(number)
        return next((one for one in self.trades.values() if one.trade_no == content.get("trade_no")), None)

    def _query(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self._find(content)
        if trade is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        found = {
            "code": "10000",
            "msg": "Success",
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "trade_status": trade.status,
            "total_amount": f"{trade.total:.2f}",
        }
        return found | ({"send_pay_date": f"{trade.paid_at:%Y-%m-%d %H:%M:%S}"} if trade.paid_at else {})

    def _close(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self._find(content)
        if trade is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        if trade.status != "WAIT_BUYER_PAY":
            return failed("ACQ.TRADE_STATUS_ERROR")
        trade.status = "TRADE_CLOSED"
        return {"code": "10000", "msg": "Success", "trade_no": trade.trade_no, "out_trade_no": trade.out_trade_no}

    def _refund(self, content: dict[str, Any]) -> dict[str, Any]:
        """Idempotent by `out_request_no`; never above what was paid."""
        trade, amount = self._find(content), Decimal(str(content["refund_amount"]))
        if trade is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        key = content.get("out_request_no") or trade.out_trade_no
        known = trade.refunds.get(key)
        if known is not None and known != amount:
            return failed("ACQ.REASON_TRADE_REFUND_FEE_ERR")
        if known is None:
            if trade.status != "TRADE_SUCCESS":
                return failed("ACQ.TRADE_STATUS_ERROR")
            if amount <= 0 or amount + trade.refunded > trade.total:
                return failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
            trade.refunds[key], trade.refunded_at[key] = amount, self.now()
            if trade.refunded == trade.total:
                trade.status = "TRADE_CLOSED"
        return {
            "code": "10000",
            "msg": "Success",
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "fund_change": "N" if known is not None else "Y",
            "refund_fee": f"{trade.refunded:.2f}",
        }

    def _refund_query(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self._find(content)
        if trade is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        amount = trade.refunds.get(content["out_request_no"])
        found = {"code": "10000", "msg": "Success", "trade_no": trade.trade_no, "out_trade_no": trade.out_trade_no}
        if amount is None:
            return found
        return found | {"refund_status": "REFUND_SUCCESS", "refund_amount": f"{amount:.2f}",
                        "out_request_no": content["out_request_no"]}  # fmt: skip

    def _bill_url(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"code": "10000", "msg": "Success",
                "bill_download_url": f"{self.url}/bill?date={content['bill_date']}"}  # fmt: skip

    def bill(self, day: str) -> bytes:
        """The trade bill of a day: a zip with two files in GBK, as it is downloaded."""
        lines = [
            self._row(trade, "交易", trade.total, trade.paid_at, "")
            for trade in self.trades.values()
            if trade.paid_at and f"{trade.paid_at:%Y-%m-%d}" == day
        ]
        lines += [
            self._row(trade, "退款", -amount, trade.refunded_at[key], key)
            for trade in self.trades.values()
            for key, amount in trade.refunds.items()
            if f"{trade.refunded_at[key]:%Y-%m-%d}" == day
        ]
        out = io.StringIO()
        out.write(f"#支付宝业务明细查询\r\n#账号：[{SELLER_ID}0156]\r\n#业务明细列表\r\n")
        csv.writer(out).writerows([COLUMNS, *lines, *self.foreign])
        out.write("#业务明细列表结束\r\n#导出时间：[]\r\n")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{SELLER_ID}0156_{day.replace('-', '')}_业务明细.csv", out.getvalue().encode("gbk"))
            archive.writestr(f"{SELLER_ID}0156_{day.replace('-', '')}_业务明细(汇总).csv", "#汇总\r\n".encode("gbk"))
        return packed.getvalue()

    def _row(self, trade: Trade, kind: str, amount: Decimal, at: Any, request: str) -> list[str]:
        fee = -(abs(amount) * FEE_RATE).quantize(Decimal("0.01")) if kind == "交易" else Decimal("0.00")
        cells = dict.fromkeys(COLUMNS, "")
        cells |= {
            "支付宝交易号": f"{trade.trade_no}\t",
            "商户订单号": f"{trade.out_trade_no}\t",
            "业务类型": kind,
            "商品名称": trade.subject,
            "创建时间": f"{trade.created_at:%Y-%m-%d %H:%M:%S}",
            "完成时间": f"{at:%Y-%m-%d %H:%M:%S}",
            "订单金额（元）": f"{amount:.2f}",
            "商家实收（元）": f"{amount:.2f}",
            "退款批次号/请求号": f"{request}\t" if request else "",
            "服务费（元）": f"{fee:.2f}",
        }
        return [cells[name] for name in COLUMNS]


def failed(sub_code: str) -> dict[str, Any]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": sub_code, "sub_msg": sub_code}


@contextmanager
def alipay(*, port: int = 0) -> Iterator[FakeAlipay]:
    """Alipay while the block runs."""
    fake = FakeAlipay()
    with served.serving(fake, port=port):
        yield fake
