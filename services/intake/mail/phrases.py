"""The words by which mail programs, in the usual languages, announce quotes and signatures.

Each is a regular expression; letter case never matters.
"""

# ruff: noqa: RUF001 - the letters of other alphabets are meant

import re


def one_of(*phrases: str) -> str:
    """A regular expression for any of `phrases`, the longest first."""
    return "|".join(sorted(phrases, key=len, reverse=True))


# fmt: off

WROTE = one_of(
    "a ecrit", "a scris", "a écrit", "escreveu", "escribe", "escribi[óo]", "ezt írta", "geschreven",
    "geschrieben", "ha escrit", "ha scritto", "has written", "napisa(?:o|la) je", "şunu yazdı",
    "เขียนว่า", "hat geschrieben",
    "het volgende geschreven", "je napisa[ol]a?", "kirjoitti", "kirjutas", "menulis",
    "napisał[ao]?", r"napisał\(a\)", r"napsal\(a\)", "napsala?", "napísala?", "pisze", "píše",
    "rakstīja", "rašė", "said", "schreef", "schreibt", "schrieb", "scrive", "sent", "skrev",
    "skrev följande", "skrev følgende", "skrifaði", "va escriure", "writes", "wrote", "yazdı",
    "écrit", "écrivait", "írta", "đã viết", "şunları yazdı", "έγραψε", "написа", "написав",
    r"написал\(а\)", "написала?", "написао", "писала?", "пише", "пишет", "כתבה?", "كتبت?", "เขียน",
    "のメッセージ", "书写道", "写到", "写道", "寫道", "書きました", "님이 작성", "작성",
)
"""The verb of `On Monday, Anna wrote`, with what may stand around it."""

ON = one_of(
    "A", "Am", "At", "Dana", "Den", "Dne", "Dnia", "Dňa", "El", "El dia", "El día", "Em", "Fri",
    "Il", "Il giorno", "Kl", "Le", "Mon", "Ngày", "No dia", "On", "Op", "Pada", "Pe", "På", "Sat",
    "Sun", "Thu", "Tue", "Um", "Uz", "Vào", "W dniu", "Wed", "Zo", "Þann", "Στις", "В", "На", "ב-?",
    "في", "于", "在",
)
"""What an attribution begins with, when it doesn't begin with a date."""

LABELS: dict[str, str] = {
    "from": one_of(
        "Absender", "Afsender", "Avsändare", "Da", "Dari", "De", "De la", "Frá", "No", "Pengirim",
        "Pošiljatelj", "Šalje", "Từ", "จาก", "Expéditeur", "Feladó", "Fra",
        "From", "Från", "Gönderen", "Kimden", "Lähettäjä", "Mittente", "Nuo", "Od", "Odesílatel",
        "Odosielateľ", "Remitente", "Reply-To", "Saatja", "Van", "Von", "Από", "Від", "От", "מאת",
        "من", "发件人", "寄件人", "寄件者", "差出人", "送信者", "보낸 ?사람",
    ),
    "date": one_of(
        "Data", "Date", "Date/Time", "Dato", "Datum", "Dátum", "Dikirim", "Đã gửi", "Elküldve",
        "Enviat", "Enviat el", "Išsiųsta", "Nosūtīts", "Poslato", "Saadetud", "Tanggal",
        "Изпратено",
        "ส่ง", "Enviada", "Enviada em",
        "Enviado", "Enviado el", "Enviado em", "Envoyé", "Envoyé le", "Fecha", "Gesendet",
        "Gönderildi", "Gönderme Tarihi", "Inviato", "Küldve", "Lähetetty", "Odesláno", "Odoslané",
        "Poslano", "Päivämäärä", "Sendt", "Sendt den", "Sent", "Sent at", "Skickat", "Tarih",
        "Trimis", "Verzonden", "Wysłano", "Ημερομηνία", "Στάλθηκε", "Дата", "Надіслано",
        "Отправлено", "נשלח", "תאריך", "التاريخ", "تاريخ الإرسال", "发送日期", "发送时间",
        "寄件日期", "日付", "日時", "日期", "發送時間", "送信日時", "날짜", "보낸 ?날짜",
    ),
    "to": one_of(
        "A", "Aan", "Adressaat", "An", "Đến", "Kam", "Kepada", "Per a", "Prima", "До", "ถึง",
        "Címzett", "Către", "Destinataire", "Do", "Empfänger", "Kime", "Komu",
        "Para", "Pour", "Til", "Till", "To", "Vastaanottaja", "Za", "À", "Προς", "Кому", "אל",
        "إلى", "宛先", "收件人", "收件者", "받는 ?사람",
    ),
    "cc": one_of(
        "Bilgi", "Cc", "Copie", "Kopi", "Kopia", "Kopie", "Копия", "עותק", "抄送", "참조",
    ),
    "subject": one_of(
        "Aihe", "Assunto", "Asunto", "Chủ đề", "Subjek", "Teema", "Tema", "Tēma", "Zadeva",
        "Относно",
        "เรื่อง", "Betreff", "Emne", "Konu", "Objet", "Oggetto", "Onderwerp",
        "Predmet", "Předmět", "Subiect", "Subject", "Sujet", "Temat", "Tárgy", "Ämne", "Θέμα",
        "Тема", "נושא", "الموضوع", "主旨", "主题", "件名", "제목",
    ),
}
"""The names of the fields in a copied mail header."""

ORIGINAL_MESSAGE = one_of(
    "Alkuperäinen viesti", "Antwort Nachricht", "Eredeti üzenet", "Izvorna poruka",
    "Mensagem original", "Mensaje original", "Mesaj original", "Message d['’]origine",
    "Message initial", "Message original", "Messaggio originale", "Oorspronkelijk bericht",
    "Opprinnelig melding", "Oprindelig meddelelse", "Original Appointment", "Original Message",
    "Original-Nachricht", "Originalmeddelande", "Originalnachricht", "Origineel bericht",
    "Orijinal Mesaj", "Oryginalna wiadomość", "Pôvodná správa", "Původní zpráva", "Reply Message",
    "Urspr(?:ü|ue)ngliche (?:Nachricht|Mail|E-Mail)", "Ursprungligt meddelande",
    "Wiadomość oryginalna", "Özgün İleti", "Αρχικό μήνυμα", "Исходное сообщение",
    "Оригинальное сообщение", "הודעה מקורית", "الرسالة الأصلية", "元のメッセージ", "原始邮件",
    "原始郵件", "원본 메시지",
)

FORWARDED = one_of(
    "Anfang der weitergeleiteten (?:Nachricht|E-Mail)", "Begin doorgestuurd bericht",
    "Begin forwarded message", "Doorgestuurd bericht", "Début du message (?:réexpédié|transféré)",
    "Edelleenlähetetty viesti", "Forwarded message", "Inizio messaggio inoltrato", "İletilen mesaj",
    "Mensagem encaminhada", "Mensaje reenviado", "Message transféré", "Messaggio inoltrato",
    "Original forwarded message", "Przekazana wiadomość", "Přeposlaná zpráva", "Továbbított üzenet",
    "Vidarebefordrat (?:meddelande|brev)", "Videresendt (?:meddelelse|besked|melding|epost)",
    "Weitergeleitete Nachricht", "Wiadomość przekazana", "Пересланное сообщение",
    "Пересылаемое сообщение", "転送メッセージ", "轉寄郵件", "转发的邮件", "전달된 메시지",
)

FORWARD_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{0,60}\]\s*)?(?:"
    + one_of(
        "doorst", "enc", "fs", "fwd?", "i", "ilt", "pd", "rv", "továbbítás", "tr", "vb", "vl", "vs",
        "wg", "轉寄", "转发",
    )
    + r")\s*[:\uff1a]",
    re.IGNORECASE,
)

SENT_FROM = re.compile(
    r"[ \t*_\[(]{0,4}(?:"
    + one_of(
        "diese nachricht wurde von meinem .{1,40} gesendet",
        r"enviado (?:desde|do|de|a partir|via|con|com|pelo) \S",
        r"envoyé (?:de|depuis|à partir|avec|par) \S",
        "from my (?:iphone|ipad|phone|mobile|blackberry)", r"gesendet (?:von|mit|aus|über) \S",
        "(?:get|download) outlook for", "holen sie sich outlook", "hämta outlook",
        r"inviato (?:da|dal|dalla|tramite|con) \S",
        r"(?:iphone|android|samsung)\S{0,10} (?:cihazımdan|telefonumdan) gönderildi",
        "iphoneから送信", r"küldve \S+ \S+", r"lähetetty \S", "obtener outlook para",
        "obtenez outlook", "obter o outlook", r"odesl[áa]no z \S", r"odoslané z \S",
        "ottieni outlook", "outlook voor ", "scarica outlook", r"sendt fra (?:min )?\S",
        r"sendt via \S", r"sent (?:from|via|with|by|using) (?:my |the |an? )?\S",
        "sent from mail for windows", "sent from yahoo", r"skickat från \S", r"trimis de pe \S",
        "télécharger outlook pour", r"verstuurd (?:vanaf|met|vanuit) \S",
        r"verzonden (?:vanaf|met|vanuit|via) \S", "via mobile$",
        r"von meinem \S+(?: \S+){0,4} gesendet", r"wysłan[eoy] z \S", r"надіслано з \S",
        r"отправлено (?:с|из) \S", "נשלח מה", "أرسلت من", "从我的 ?(?:iphone|ipad|华为|小米|手机)",
        "发自我的", "發自我的", "나의 iphone에서 보냄",
    )
    + ")",
    re.IGNORECASE,
)

CLOSING = re.compile(
    r"[ \t]*(?:"
    + one_of(
        "abraços", "alvast bedankt", "amicalement", "atenciosamente", "atentamente", r"att\.?",
        r"atte\.?", "cdlt", "(?:cordiali|distinti|tanti) saluti", "cordially", "cordialmente",
        "cu stimă", "cumprimentos", "dank u", "danke(?: und .{1,30})?", "dziękuję", "díky",
        "děkuji", "bedankt", "best", "bg", "grazie(?: mille)?", "groeten", "gru(?:ß|ss)",
        r"have a (?:nice|great|good) \w+", "(?:bien )?(?:très )?cordialement", "bien à vous",
        "(?:iyi )?(?:saygılarımla|çalışmalar)", "kiitos", "kr", "köszönöm", "lg",
        r"(?:med )?(?:vänlig|vennlig|venlig|bästa|beste)\w* (?:hälsning(?:ar)?|hilsen(?:er)?)",
        "merci(?: (?:beaucoup|d['’]avance|et .{1,30}))?",
        "(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?", "mfg",
        ("(?:mit )?(?:freundlich(?:en|e|er)|besten?|vielen?|herzlich(?:en|e)|lieben?"
         "|sch(?:ö|oe)ne) (?:gr(?:ü|ue)(?:ß|ss)e?n?|dank)(?: (?:aus|und) .{1,30})?"),
        "(?:muchas )?gracias", "(?:muito )?obrigad[oa]", "mulțumesc", "mvg", "mvh", "bonne journée",
        "pozdrawiam", "br", "respectfully", "rgds", "s pozdravem", "salutations(?: distinguées)?",
        "saluti", "sincères salutations", "tack", "tak", "take care", "takk", "talk soon",
        "teşekkürler", "thanks (?:and|&) (?:kind |best )?regards",
        "(?:un )?(?:cordial(?:es)? )?saludos?(?: cordiales)?", "vg", "vh",
        ("(?:with )?(?:many |my |kind(?:est)? |warm(?:est)? |best |very best |our"
         " )*(?:thanks|thank you|thx|regards|wishes|cheers|greetings)(?: (?:again|so much"
         "|very much|a lot|in advance|and regards|and best regards|for your help))*"),
        "yours", "(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?",
        "(?:ystävällisin )?terveisin", "z poważaniem", "üdvözlettel", "ευχαριστώ", "με εκτίμηση",
        "дякую", "з повагою", "с уважением", "спасибо", "בברכה", "תודה", "شكرا", "مع التحية",
        "よろしくお願い(?:いた)?します", "敬具", "此致", "祝好", "謝謝", "谢谢", "감사합니다",
    )
    + r")[ \t]*[,.!;~\-–—]*[ \t]*",
    re.IGNORECASE,
)

# fmt: on
