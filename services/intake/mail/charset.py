"""Bytes to text, whatever they are labelled: a wrong label must not cost a letter.

The label is believed when the bytes agree. Bytes that are well-formed UTF-8 with letters
beyond ASCII are UTF-8 whatever the label says: nobody writes such Latin-1 on purpose.
"""

import codecs
import re

_ALIASES = {
    # What mailers write, and what they mean (mostly https://encoding.spec.whatwg.org/#names).
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "8859_1": "cp1252",
    "x-ansi": "cp1252",
    "ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-6-e": "iso8859-6",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_2",
    "cp50220": "iso2022_jp_2",
    "cp50221": "iso2022_jp_2",
    "x-euc-jp": "euc_jp",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "utf-8mb4": "utf-8",
    "unicode": "utf-16",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ce": "mac_latin2",
    "koi8-ru": "koi8-u",
    "koi8": "koi8-r",
}
# Codecs that are text, and linear: no zlib, rot13, idna or punycode.
_TEXT_CODEC = re.compile(
    r"utf-(7|8|8-sig|16|16-le|16-be|32|32-le|32-be)|ascii|iso8859-\d+|cp\d{3,5}|koi8-[rut]"
    r"|mac-(roman|cyrillic|greek|latin2|iceland|turkish)|gb2312|gbk|gb18030|hz|big5|big5hkscs"
    r"|johab|euc_(jp|kr|jis_2004|jisx0213)|shift_jis(x0213|_2004)?"
    r"|iso2022_(jp|kr|jp_1|jp_2|jp_2004|jp_3|jp_ext)|ptcp154|kz1048|hp-roman8|tis-620"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LABEL_LENGTH_MAX = 60
_WIDE = ("utf-16", "utf-32")


def codec_for(label: str) -> str | None:
    """The name of the codec that a charset label means; None for none we know."""
    label = label[:_LABEL_LENGTH_MAX].strip(" \t\r\n\"'<>();,").lower()
    label = re.sub(r"^charset\s*=\s*['\"]?", "", label)
    for candidate in (label, label.replace("_", "-"), label.removeprefix("x-")):
        name = _ALIASES.get(candidate, candidate)
        try:
            codec = codecs.lookup(name).name
        except (LookupError, ValueError):
            continue
        if _TEXT_CODEC.fullmatch(codec):
            return codec
    return None


def decode(data: bytes, label: str = "") -> tuple[str, bool]:
    """The text of `data`, and whether every byte of it was understood.

    The text can be stored: NULs are dropped, and half of a surrogate pair is no letter.
    """
    text, clean = _decode(data, label)
    return _SURROGATE.sub("\ufffd", text.replace("\x00", "")), clean


def _decode(data: bytes, label: str) -> tuple[str, bool]:
    codec = codec_for(label) if label else None
    by_mark = _by_mark(data)
    if by_mark is not None:
        return by_mark, True
    if codec in {"utf-7", "hz"} or (codec or "").startswith(("iso2022", *_WIDE)):
        # These look like ASCII, or like nothing at all, to everybody else.
        text = _strictly(data, codec or "")
        if text is not None:
            return text, True
        if (codec or "").startswith(_WIDE) and b"\x00" in data:
            return data.decode(codec or "", "replace"), False
    if data.isascii():
        return _unlabelled_ascii(data, codec)
    text = _strictly(data, "utf-8")
    if text is not None:
        return text, codec is not None or not label
    if codec is not None and codec != "utf-8":
        text = _strictly(data, codec)
        if text is not None:
            return text, True
    return _guess(data, codec), False


def _by_mark(data: bytes) -> str | None:
    """The text, when it begins with a byte order mark."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _strictly(data, codec)
    return None


def _unlabelled_ascii(data: bytes, codec: str | None) -> tuple[str, bool]:
    if b"\x1b$" in data and (codec is None or not codec.startswith("iso2022")):
        text = _strictly(data, "iso2022_jp_2") or _strictly(data, "iso2022_kr")
        if text is not None:
            return text, True
    return data.decode("ascii"), True


def _guess(data: bytes, codec: str | None) -> str:
    """Some text for bytes that are neither UTF-8 nor what they are labelled."""
    if codec in {"utf-8", None}:
        # A broken letter or two in much UTF-8, or no UTF-8 at all?
        text = data.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        beyond_ascii = sum(len(run) for run in _BEYOND_ASCII.findall(text)) - broken
        if beyond_ascii > broken:
            return text
        return _latin(data)
    text = data.decode(codec, "replace")
    if text.count("\ufffd") * 4 <= len(text) - len(data.decode("ascii", "ignore")):
        return text
    return _latin(data)


_BEYOND_ASCII = re.compile("[^\x00-\x7f]+")


def _latin(data: bytes) -> str:
    """Windows-1252, in which five bytes mean nothing: those are read as Latin-1."""
    text = _strictly(data, "cp1252")
    return text if text is not None else data.decode("latin-1")


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None
