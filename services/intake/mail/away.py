"""Replies of people who are away, whose mail programs announce it in words of their own.

A subject such as `Urlaub bis 3. März` or `Semester` may also be a customer's trouble with a
calendar: so the text decides.
"""

# ruff: noqa: RUF001 - the letters of other alphabets are meant

import re

from services.intake.mail.phrases import one_of

_TEXT_LOOKED_AT = 2_000

# fmt: off
_MAYBE_AWAY = re.compile(
    r"\s*[\[(]?(?:(?:i am|i'm|ich bin|je suis|bin|estoy|sono|estou|jestem|jsem) )?"
    r"(?:(?:on|im|in|en|de|op|på|na|в|ve|em|away)[ :]+)?(?:"
    + one_of(
        "absen(?:ce|t|te)", "abwesend", "aus(?:ente|encia)", "annual leave", "cong[ée]s?",
        "concediu",
        "delovno odsoten", "dovolen[áaée][a-z]*", "dopust", "ferias", "férias", "ferie[n]?",
        "fravær",
        "holidays?", "izinde(?:yim)?", "izin", "i̇zindeyim", "lomalla", "loma", r"nieobecn\w*",
        "nicht (?:im b(?:ü|ue)ro|erreichbar|da)", "not in (?:the )?office", "odsoten",
        "отпуск[еа]?", r"відпуст\w*", "parental leave", r"puhkus\w*", "semester", "sick leave",
        r"szabads[áa]g\w*", "urlaub", r"urlop\w*", "vacaciones", "vacances", "vacation", "vakantie",
        r"atostog\w*", r"atvaļināj\w*", "휴가", "休假", "休暇", "حال سفر", "إجازة", "חופשה",
    )
    + r")[\])]?\s*(?:$|[:\uff1a,;!.–—(-]|\b(?:re|aw|sv|until|till|bis|vom|von|ab|jusqu|du|fino|dal"
    r"|al|até|hasta|del|til|t\.?o\.?m|fra|från|tot|van|do|od|до|с|по)\b)",
    re.IGNORECASE,
)
"""What may announce that somebody is away, or that a holiday is wrong in a calendar: the text
decides."""
_WILL_BE_BACK = re.compile(
    one_of(
        r"(?:out of|away from|not in) (?:the |my )?office", "limited access",
        r"(?:will )?return(?:ing)? (?:on|to)",
        "be back", "back (?:on|in the office)", "in my absence", "in urgent cases",
        "automatic reply",
        "nicht (?:im b(?:ü|ue)ro|erreichbar|gelesen|weitergeleitet)",
        r"wieder (?:erreichbar|im b|da\b|für sie)",
        "in dringenden f", "vertretung", r"ab dem \d",
        "(?:wieder|bin|am|ab|erst) .{0,30}zur(?:ü|ue)ck",
        "bin (?:ich )?(?:derzeit|zurzeit|bis|vom|ab)",
        "de retour", "absente? (?:jusqu|du|d[èe]s|pour)", "en cas d['’]urgence", "en mon absence",
        "fuera de la oficina", "de vuelta", "estar[ée] (?:de|fuera|ausente)",
        "en caso de urgencia", "regres(?:o|ar[ée]) ",
        "fuori ufficio", "sar[òo] (?:assente|in ferie|di ritorno)", "rientr", "in caso di urgenza",
        "fora do escrit", "retorn(?:o|arei) ", "estarei", "em caso de urg", "afwezig",
        "terug (?:op|vanaf)", "dringende",
        "tillbaka", "åter (?:på|den)", "brådskande", "tilba[kg]e (?:på|den|i)", "ved hastesaker",
        "poissa", "palaan",
        "wracam", "wr[óo]c[ęe]", "nieobecn", "pilnych", "vr[áa]t[íi]m", "nep[řr][íi]tom",
        "nal[ée]hav",
        "visszat", "s[üu]rg[őo]s", "revin", "urgen[țt]", "вернусь", "отсутств", "срочн",
        "повернусь",
        "dönece", "acil durum", "出社", "休暇を", "不在", "복귀", "부재",
    ),
    re.IGNORECASE,
)
# fmt: on


def seems_away(subject: str, text: str) -> bool:
    """Whether the subject may announce that somebody is away, and the text says so."""
    if not _MAYBE_AWAY.match(subject[:300]):
        return False
    return _WILL_BE_BACK.search(text[:_TEXT_LOOKED_AT]) is not None
