"""Amounts in Chinese capitals (大写金额), as invoices and cheques write them.

The rule: 中国人民银行 支付结算办法 (银发〔1997〕393号), annex 1 正确填写票据和结算凭证的基本规定:
digits 零壹贰叁肆伍陆柒捌玖, places 拾佰仟万亿, units 元角分, 整 (正) after an amount that ends at 元 or 角;
one 零 where zeros stand between digits, also where 角 is zero and 分 is not; none is needed where 元 is zero.
Below zero the word 负 stands first, as red-letter invoices write it. For other currencies than the yuan the figures
alone are the amount: the rule is one of the yuan.
"""

from __future__ import annotations

from typing import Final

from billing.rules import money

DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
PLACES: Final = ("", "拾", "佰", "仟")
GROUPS: Final = ("", "万", "亿", "万亿")
MOST_MINOR: Final = 10**14  # 10^12 yuan in fen: what a column can hold and an invoice has ever asked for


class TooLarge(ValueError):
    """The amount is above 10^12 yuan."""


def write_yuan(amount_minor: int) -> str:
    """The amount of fen in capitals: 10012 → 壹佰元零壹角贰分 … Raises TypeError, or TooLarge above 10^12 yuan."""
    money.require_minor(amount_minor, name="amount_minor")
    if abs(amount_minor) > MOST_MINOR:
        raise TooLarge(f"{amount_minor} fen is above 10^12 yuan.")
    sign = "负" if amount_minor < 0 else ""
    yuan, fen = divmod(abs(amount_minor), 100)
    whole = _whole(yuan) + "元" if yuan else ""
    return sign + (whole + _parts(yuan, *divmod(fen, 10)) or "零元整")


def _parts(yuan: int, jiao: int, fen: int) -> str:
    """角 and 分 after the yuan. A zero at the 元 place before 角 is written 零, as the rule's second example does."""
    if not jiao and not fen:
        return "整" if yuan else ""
    gap = "零" if yuan and (not jiao or not yuan % 10) else ""
    if not jiao:
        return f"{gap}{DIGITS[fen]}分"
    return f"{gap}{DIGITS[jiao]}角" + (f"{DIGITS[fen]}分" if fen else "整")


def _whole(yuan: int) -> str:
    """Groups of four digits from the left; a group that begins with zeros, or is left out, leaves one 零."""
    groups = []
    while yuan:
        yuan, group = divmod(yuan, 10_000)
        groups.append(group)
    text, owes_zero = "", False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            owes_zero = bool(text)
            if place == 2 and len(groups) > 3:  # 万亿 without 亿: 壹万亿
                text = text.removesuffix("万亿") + "万亿"
            continue
        if text and (owes_zero or group < 1000):
            text += "零"
        text += _group(group) + _name(place, groups)
        owes_zero = False
    return text


def _name(place: int, groups: list[int]) -> str:
    """万 and 亿; of 万亿 only the 万 where 亿 follows with its own group."""
    return "万" if place == 3 and groups[2] else GROUPS[place]


def _group(group: int) -> str:
    """One to four digits with 仟佰拾; zeros in the middle are one 零, at the end none."""
    text, owes_zero = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if not digit:
            owes_zero = bool(text)
            continue
        text += ("零" if owes_zero else "") + DIGITS[digit] + PLACES[place]
        owes_zero = False
    return text
