r"""What mail systems say when they refuse a mail, in the order in which it's believed.

Each phrase is a regular expression without regard to case; `\S{1,80}` and the like stand for
an address, and are bounded so that no reply costs more than its length.
"""


# fmt: off

PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("suppressed", (
        "suppression list", "(?:address|recipient) .{0,40}(?:is )?suppressed",
    )),
    ("toomanyconn", (
        "too many (?:concurrent |simultaneous |smtp )?(?:connections?|sessions)",
        "connection (?:rate|frequency|limit)", "concurrent connection", "throttl",
        "number of connections", "ip frequency limited", "max(?:imum)? connect",
        "exceeded .{0,30}connection", "rate limit", "limit .{0,20}rate",
        "too many (?:messages|emails|mails|recipients)", "sending (?:too|limit)",
    )),
    ("mailboxfull", (
        "mailbox (?:is )?(?:full|over|quota|size limit|has exceeded|exceeds)", "over ?quota",
        "quota (?:is )?(?:exceeded|full|violation|has been)", "exceed(?:s|ed|ing)? .{0,40}quota",
        r"mailbox (?:for \S{1,80} )?is (?:over|full)", "disk ?quota", "inbox is full",
        "exceeded storage",
        "(?:insufficient|not enough|out of) (?:disk |system |storage |mailbox )*(?:space|storage)",
        "storage (?:limit|quota|is full|space)", "full mailbox", "maildir over", "mail box full",
        "folder is (?:full|over)", "account (?:is )?(?:full|over)", "has reached .{0,30}quota",
        r"recipient \S{1,60} is over", r"user \S{0,60} ?(?:is over|over quota|is full)",
        "no space left for", "exceeds allowed size", "mailbox_full", "quota (?:limit|over)",
        "too (?:full|many messages in)", "容量", "mailbox exceeded", "postfach .{0,20}voll",
        "boîte .{0,20}pleine", "buzón .{0,10}lleno", "casella .{0,10}piena",
        "ящик .{0,20}переполнен",
    )),
    ("exceedlimit", (
        ("message (?:size|length) exceeds (?:fixed maximum|administrative|fixed|limit set"
         "|the limit)"),
        "mail data size exceeds",
    )),
    ("mesgtoobig", (
        "message (?:is )?(?:too (?:big|large|long)|size (?:limit|exceeds|violation|too))",
        "size (?:limit )?exceed(?:s|ed)", r"\btoo (?:big|large)\b",
        "exceed(?:s|ed)? (?:the )?(?:maximum|max)(?: .{0,30})? size",
        "larger than .{0,30}(?:limit|allowed|maximum)", "messagesizeexceeded",
        r"message size \d+ exceeds",
        "(?:line|max(?:imum)? message) (?:size )?limit exceeded", "exceeded maximum inbound",
    )),
    ("virusdetected", (
        r"\bvirus", "infected", "malware", "trojan",
        ("(?:dangerous|malicious|banned|illegal|forbidden|executable|prohibited)"
         " (?:attachment|file|content|archive)"),
        "attachment .{0,40}(?:not allowed|blocked|prohibited|type is)",
        "file type .{0,40}(?:not allowed|blocked)", "blocked .{0,20}attachment",
    )),
    ("spamdetected", (
        ("(?:due to|as|classified as|considered|identified as|detected as|appears to be"
         r"|looks like|scored as|is|- ?)\s?(?:an? |being |possible |probable |likely"
         r" )*(?:unsolicited )?spam\b"),
    )),
    ("notcompliantrfc", (
        "rfc ?-?(?:282[12]|532[12])", "(?:not|isn't) (?:rfc[- ]?)?compliant", "non-?compliant",
        "duplicate header", "missing (?:or invalid )?(?:header|from|date|message-id)",
        "multiple (?:addresses|subject|from|to|header|sender)", r"\bbare lf",
        "messages? (?:missing|without) a? ?valid", "header .{0,20}(?:is missing|not valid)",
    )),
    ("authfailure", (
        (r"\b(?:dmarc|dkim|spf|sender policy framework|domainkeys)\b.{0,40}(?:fail|reject"
         "|not pass|check|validation|unauthenticated|policy|quarantine)"),
        ("(?:fail|reject|not pass|violat|unauthenticated|not authori[sz]ed|did not"
         r" pass).{0,60}\b(?:dmarc|dkim|spf|sender policy framework)\b"),
        "unauthenticated (?:email|mail|message) ",
        "authentication (?:checks?|results?) (?:failed|failure)", "not authorized by",
    )),
    ("requireptr", (
        "reverse[- ]?(?:dns|hostname|lookup|mapping)", r"\bptr\b", r"\brdns\b",
        "ip (?:name|address) lookup failed", "mismatches client ip",
        "cannot (?:find|resolve) your (?:reverse )?(?:hostname|host|ip|address)",
        "client host rejected: cannot find", "ip name (?:possibly )?forged",
        "without .{0,20}reverse", "(?:unable|failed) to resolve .{0,30}(?:client|connecting|your)",
        "no reverse", "hostname .{0,40}(?:does not|not) match",
    )),
    ("securityerror", (
        r"unauthenticated senders?\b",
        "authentication (?:is )?(?:required|failed|failure|credentials)",
        "must (?:be )?authenticat", "not authenticated", "must issue a starttls", "starttls",
        r"\btls (?:is )?required", "invalid credentials",
    )),
    ("norelaying", (
        ("relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed|authori[sz]ed)"
         "|prohibited|is (?:not|denied)|operation rejected|to <)"),
        ("(?:not|isn't|unable to|cannot|can't|won't|no) (?:permitted to |allowed to "
         "|authori[sz]ed to )?relay"),
        "open relay", "not local host", "mail server requires authentication", "not a gateway",
        "unauthori[sz]ed relay", "insecure mail relay", "not a known domain",
        "we do(?:n't| not) relay", "relay ?(?:not|nicht)", "relaying",
    )),
    ("notaccept", (
        "null ?mx", r"does not accept (?:any )?(?:mail|e-?mail|messages)\b(?! from)",
        "doesn't (?:accept|receive) (?:any )?(?:mail|e-?mail)",
        r"not accepting (?:any )?(?:mail|network|e-?mail)\b(?! from)",
        "find a mail exchanger or ip", "unexpected name server reply", "no smtp (?:service|server)",
        "smtp service is not available", "mail receiving disabled",
        "smtp protocol returned a permanent error",
    )),
    ("hasmoved", (
        "(?:user|mailbox|recipient|account|address|has|have) (?:has |have )?(?:been )?moved",
        "no longer (?:on|at) (?:this )?(?:server|address|host)",
        "address (?:has )?(?:been )?(?:changed|replaced)", "new address is",
    )),
    ("suspend", (
        (r"(?:account|mailbox|user(?:\(s\))?|address|recipient|inbox|email)(?: \S{1,80})?(?:"
         " account)? (?:(?:is|has|been|was|currently|temporarily|that you tried to reach)"
         " )*(?:suspended|disabled|deactivated|inactive|locked|blocked|frozen|closed"
         r"|discontinued|expired|not active|terminated|cancell?ed|dormant|restricted)\b(?!"
         " by)"),
        ("(?:inactive|disabled|suspended|deactivated|closed|locked|dormant|unpaid|expired)"
         " (?:account|user|mailbox|recipient|address)"),
        "user suspended", "boîte .{0,20}inactiv",
    )),
    ("policyviolation", (
        "for policy reasons?", "polic(?:y|ies) (?:violation|rejection|reject)", "security polic",
        "protocol violation", r"violat\w+ .{0,30}polic",
        r"(?:due to|by|of|our) (?:\S+ )?polic(?:y|ies)\b", "administrative(?:ly)? prohib",
        "restricted attachment",
    )),
    ("filtered", (
        "recipient preferences", "refused due to recipient",
        "recipients? (?:was|were) rejected by (?:a |the )?remote",
        (r"(?:rejected|refused|denied|blocked) by (?:the )?(?:recipient|user\b|filter"
         "|mailbox|domain filter)"),
        "recipient (?:has )?(?:rejected|refused|denied) ", "user (?:rejects|refuses)",
        "because the recipient", "extended inactivity", "does not accept mail from",
        "not accepting mail from",
    )),
    ("rejected", (
        "(?:after|in reply to) mail from",
        ("(?:envelope )?(?:sender|originator|return[- ]path|from)(?: e-?mail)?(?:"
         r" address)?(?: \S{1,80})? (?:(?:was|is|has|been|domain) )*(?:denied|rejected"
         "|refused|not (?:allowed|permitted|accepted|exist|found|authori[sz]ed|valid)"
         "|invalid|blocked|unknown|does not|black|illegal|must)"),
        "(?:bad|invalid|unknown|unresolvable) sender",
        "sender (?:verify|verification|domain|address|id|denied|rejected)", "domain of sender",
        "backscatter",
        "not (?:a |subscribed|an? (?:approved|allowed|authorized) )?(?:member|sender)",
        "may not have permission", "permission to post",
        r"(?:not|n't) (?:have )?(?:permi\w+|allowed|authori[sz]ed) to (?:send|post|e?mail)",
        "only .{0,40}(?:members|subscribers)", "you are not (?:allowed|permitted|a member)",
        "unable to verify .{0,20}sender", "by sender", "registered gateway user", "権限",
    )),
    ("blocked", (
        "client host .{0,200}(?:blocked|rejected|denied)",
        (r"\b(?:rbl|dnsbl|spamhaus|spamcop|barracuda|sorbs|senderbase|invaluement|sender"
         r" ?score|uceprotect)\b"),
        "black ?-?list", "block ?-?list", "proofpoint",
        (r"(?:\bip|client|host|server|network|sending|connecting)(?: address)?(?: \S{1,60})?"
         " (?:(?:has|been|is|was|are|temporarily|permanently) )*(?:blocked|black|banned"
         "|rejected|denied|listed)"),
        "access denied", "(?:bad|poor|low|ip|sender) reputation", "reputation of",
        ("(?:blocked|banned|listed|rejected) (?:by|using|at|for|due to"
         r"|because).{0,30}(?:\bip\b|dns|\blist|rbl|network|reputation)"),
        "refused to talk to me", "we do not accept mail from (?:hosts|dynamic)",
        "dynamic (?:ip|address)", "connection (?:rejected|dropped) by", r"\bhelo\b", r"\behlo\b",
        "unexpected volume", "user complaints", "service refused", "bloqu[ée]e",
        "your (?:ip|mail server|email server) ", "blocked ip",
        "not accept(?:ing)? (?:your )?connection", "temporarily deferred", "try .{0,20}unblock",
    )),
    ("hostunknown", (
        (r"(?:\bhost|domain)(?: name)?(?: [^\s:]{1,80})? (?:not found|unknown|does not exist"
         "|doesn't exist|could not be (?:found|resolved)|couldn't be found|is (?:invalid"
         "|not known|not reachable|unknown))"),
        ("(?:unknown|no such|invalid|unrouteable mail|unroutable mail|non-?existent"
         "|illegal) (?:mail )?(?:domain|host|destination host|mail server)"),
        "name or service not known", "unrouteable", "no (?:mx|address) (?:record|associated)",
        "nxdomain", "dns (?:error|lookup)", "name service error", "illegal host/domain",
        "domain name not found", "host unknown", "host/domain",
        "all relevant mx records point to non-?existent", "unable to resolve",
        r"lookup of \S{1,80} failed", "bad destination (?:host|system)",
    )),
    ("userunknown", (
        "recipient address rejected: access denied",
        ("(?:user|recipient|mailbox|account|address|addressee|alias|mail ?box|customer"
         r"|subscriber|person|login|local ?part)(?:\(s\))?(?: ?name)?[\w.]{0,20}(?:["
         r" :<({]+\S{1,90}[>:)}.]*)? ?(?:(?:is|was|are|could|has|does|did|do|that you \w+ to"
         r" reach|you entered|you \w+|address|name|account|'t|currently) )*(?:un ?known|not"
         " (?:been )?(?:be )?(?:found|exist|known|listed|valid|recogni[sz]ed|available"
         "|registered|present|a valid|here|local|defined|reachable|our|in (?:the|our|domino"
         "|local|public))|n't (?:exist|found|be found|have)|invalid|no longer (?:exists?"
         "|valid|available|here|with|in use|active)|non-?existent|undeliverable"
         "|unrecogni[sz]ed|unavailable|unroutable|doesn't exist|does not (?:exist|have)"
         "|cannot be (?:found|located))"),
        (r"(?:\bno|unknown|invalid|\bbad|non-?existent|unrecogni[sz]ed|not a valid|un ?known"
         " local|undeliverable|unroutable|no longer valid|no valid|unknown virtual) (?:such"
         " )?(?:e-?mail )?(?:user|recipients?|mail ?box|account|address(?:ee)?|person|alias"
         "|local[- ]part|rcpt|subscriber|customer|destination mailbox|virtual)"),
        (r"\bno (?:one|mailbox|user|account)\b.{0,40}(?:here|by that name|name|found|with"
         " that|exists?)"),
        ("not (?:a |our |my )?(?:known|valid|existing|listed)(?: .{0,20})?(?:user|recipient"
         "|address|mailbox|account|customer|in (?:domino|public|the))"),
        "user .{0,60}not listed",
        "(?:does not|doesn't|didn't|do not) (?:exist|have an? .{0,40}account)", "unknown user",
        "user unknown", "recipn?o?t?notfound", "recipientnotfound",
        r"resolver\.adr\.\w*(?:notfound|invalid)", "recipient not found", "not our customer",
        "unknown[- ](?:e-?mail )?address", "address (?:unknown|error)",
        "we (?:do not|don't) have .{0,30}(?:user|account)",
        "unable to find (?:user|recipient|an? )", "delivery to .{0,30}users? failed",
        "couldn't be found", "wasn't found", "no such (?:e-?mail|name|address|person)",
        "not known (?:at|here)", "見つかりません", "存在しません", "リストにありません",
        "(?:ユーザ|宛先).{0,20}(?:不明|ありません)", "пользователь .{0,20}не найден",
        "не существует", "no existe", "inconnu", "unbekannt", "existiert nicht", "não existe",
        "non esiste", "bestaat niet",
    )),
    ("spamdetected", (
        r"\bspam", r"\bube\b", r"\buce\b", "unsolicited", "junk ?mail", "bulk ?(?:e-?)?mail",
        "(?:message )?content (?:was )?(?:rejected|blocked|restriction|denied)",
        "listed in (?:uribl|surbl)", "phish", "considered (?:harmful|suspicious)",
        "high (?:probability|score)", "suspicious", "rejected .{0,20}content",
        "mail (?:rejected|rejete)",
    )),
    ("syntaxerror", (
        "syntax error", "sequence of commands",
        "command (?:not (?:recogni[sz]ed|implemented)|unrecogni[sz]ed)", "unrecogni[sz]ed command",
        "bad (?:sequence|command|argument)", "nested mail",
    )),
    ("networkerror", (
        "mail loop", "looping", "too many hops", "hop count", "network (?:is )?unreachable",
        "connection refused", "no route to", "host (?:is )?(?:unreachable|down)",
        "couldn[o']t connect", "can(?:no|')t connect", "unable to (?:connect|route)",
        "lost connection", "could not be reached", "routing (?:loop|error)",
        "connection (?:was )?(?:reset|lost)", "network error",
    )),
    ("expired", (
        "expired", "timed? ?out", "retry timeout",
        "(?:too|was|been) (?:long|old) in (?:the )?queue", "in queue too long",
        ("(?:undelivered|could not be delivered|not been delivered|unable to deliver|not"
         r" delivered).{0,40}(?:\d+ (?:hours|days|minutes)|days|hours)"),
        "delivery (?:time|attempts?) (?:expired|exceeded|failed)", "maximum (?:retries|time)",
        "retr(?:y|ies) (?:exceeded|limit)", "delivery .{0,20}delayed", "been delayed",
        "(?:host|server) .{0,40}(?:not responding|did not respond|not respond)",
    )),
    ("mailererror", (
        "unknown mailer error", "mailer (?:process )?(?:exited|error|died)",
        "command (?:failed|died|returned|timed out|output)", "x-unix", "exit (?:status|code)",
        "pipe to", "procmail", "maildrop", "exited with",
        "returned (?:failure|error) (?:exit )?(?:code|status)", "local mailer",
    )),
)

PHRASES_OF_DIAGNOSTICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("policyviolation", (
        r"polic(?:y|ies)\b", "not (?:accepted|allowed|permitted)", "local restriction",
        "prohibited", "message (?:was )?(?:rejected|refused)", r"denied\b", "local configuration",
        "transaction failed", "not acceptable",
    )),
    ("systemfull", (
        "mail system full", "system (?:is )?full", "disk full",
        "requested mail action aborted: exceeded",
    )),
    ("contenterror", (
        r"\bmime\b", "(?:message|mail) (?:content|header|format)", "charset", "8[- ]?bit",
        "improper", "malformed", "body type", "header error", "line too long",
        "too many (?:header|received)",
    )),
    ("systemerror", (
        ("(?:local|internal|system|server|configuration|config|software|database|ldap|i/o"
         "|temporary|lookup) (?:error|failure|problem)"),
        "out of memory", "misconfigur", "unable to (?:use|open|write|lock)",
        "can't (?:create|open|write)", "interrupted", "aborted",
        "temporarily (?:deferred|unavailable)", "resources", "service (?:currently )?unavailable",
        "try again later",
    )),
    ("blocked", (
        r"\bblocked\b", r"\bbanned\b",
    )),
    ("rejected", (
        r"(?<!address )\brejected\b", r"\brefused\b",
    )),
)
"""Weaker ones, believed only in what a mail system replied, not in a whole letter."""

# fmt: on
