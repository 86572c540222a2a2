"""What mail programs add around what a person wrote: headers, quoted history, signatures, disclaimers, greetings.

Works line by line on folded text with bounded patterns, so time grows with the length and no faster. Every step is
shy: what it would leave empty, it leaves alone. A forwarded mail is kept when the words above it only point to it.
"""

from __future__ import annotations

import re

ENOUGH_WORDS = 25
"""A message with this many words of its own stands without the mails quoted under it."""
_LOOK = 200
"""Characters of a line that patterns look at."""

_RECEIVED = re.compile(r"\s{0,8}(?:received from|erhalten von|reçu de)\s?:", re.IGNORECASE)
_FIELD = re.compile(
    r"\s{0,8}[*_]{0,2}(?P<key>from|sent|to|cc|bcc|date|subject|importance|reply-to|attachments?|organizer"
    r"|von|gesendet|an|datum|betreff|wichtigkeit|anlagen?"
    r"|de|envoyé|à|objet|date d'envoi|importance"
    r"|enviado(?: el| em)?|para|asunto|assunto|inviato|a|oggetto|verzonden|aan|onderwerp)[*_]{0,2}\s?:",
    re.IGNORECASE,
)
_SENDER = frozenset(("from", "von", "de"))
_SUBJECT = frozenset(("subject", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp"))
_SENT = _SUBJECT.union(("sent", "date", "to", "gesendet", "datum", "an", "envoyé", "à", "para"))
_SENT = _SENT.union(("enviado", "enviado el", "enviado em", "inviato", "verzonden", "aan"))
_DIVIDER = re.compile(
    r"\s{0,8}[-_=*]{2,40} ?(?:original message|original appointment|forwarded message|forwarded by"
    r"|ursprüngliche nachricht|ursprüngliche e-mail|weitergeleitete nachricht|originalnachricht"
    r"|message d'origine|message transféré"
    r"|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht)",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"\s{0,8}(?:on|am|le|el|em|il|op)\s.{6,150}\s(?:wrote|schrieb(?: .{1,60})?|a écrit|escribió|escreveu|ha scritto"
    r"|schreef(?: .{1,60})?)\s?:\s{0,4}$",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"\b(?:below|beneath|forward(?:ed|ing)?|fwd?|fyi|attached|trail|chain|e-?mail thread|unten|untenstehend|anbei"
    r"|weitergeleitet|weiterleiten|ci-dessous|abajo|zie onder)\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\s{0,8}(?:(?:with |many |very )?(?:kind(?:est)?|best|warm(?:est)?|many|with best|with kind|with warm)?"
    r"(?:[ ,/]{0,3}(?:thanks(?: (?:and|&))?|regards|rgds|wishes|greetings|best))?(?: from)?"
    r"|b\. ?rgds|br|regards|rgds|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|cheers|respectfully"
    r"|thanks?(?: you)?(?: (?:so|very) much| in advance| a lot)?"
    r"(?:[ ,]{0,2}(?:and|&|/)? ?(?:kind |best |warm )?(?:regards|rgds))?"
    r"|mit (?:freundlichen|besten|vielen|herzlichen|lieben) (?:grüßen|grüssen|gruß|dank|gruessen)(?: ?/ ?(?:kind|best)"
    r"(?: regards)?)?"
    r"|(?:viele|beste|liebe|freundliche|schöne|herzliche) (?:grüße|grüsse|gruesse)(?: aus .{1,30})?|mfg|lg|vg"
    r"|(?:vielen|besten|herzlichen) dank(?: (?:im voraus|vorab))?|danke(?: im voraus| schön)?|gruß|gruss"
    r"|(?:bien )?cordialement|(?:meilleures|sincères) salutations|merci(?: d'avance| beaucoup)?|bien à vous"
    r"|saludos(?: cordiales)?|un saludo|gracias|atentamente|atenciosamente|obrigad[oa]|abraços"
    r"|cordiali saluti|distinti saluti|grazie|met vriendelijke groet(?:en)?)[ ,.!;:/-]{0,6}$",
    re.IGNORECASE,
)
_DASHES = re.compile(r"--\s?$")
_SENT_FROM = re.compile(
    r"\s{0,8}(?:sent from my |sent from (?:outlook|mail|yahoo)|get outlook for|von meinem .{1,30} gesendet"
    r"|gesendet (?:von|mit) |envoyé de mon |enviado desde mi )",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"\s{0,8}(?:\W{0,6}(?:disclaimer|confidentiality notice|vertraulichkeitshinweis)\b"
    r"|(?:this|the information (?:contained )?in this|the contents of this) (?:e-?mail|message|communication"
    r"|transmission).{0,100}(?:confidential|intended|privileged|addressee|recipient|attachment)"
    r"|this (?:communication|message) is intended|if you (?:are not|have received).{0,40}(?:intended|in error)"
    r"|diese (?:e-?mail|nachricht|mitteilung).{0,100}(?:vertraulich|bestimmt|empfänger)"
    r"|(?:ce message|ce courriel|cet e-?mail).{0,100}(?:confidenti|destinataire)"
    r"|(?:este (?:mensaje|correo)|esta mensagem).{0,100}confidencia"
    r"|select the following link to view the disclaimer|\(?please consider the environment"
    r"|caution: this e-?mail|\[?external(?: e-?mail)?\]?:? ?(?:this|do not|be careful)|本讯息仅供|本通信は記載"
    r"|diese e-?mail kommt von extern)",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"\s{0,8}(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|hallo|guten (?:tag|morgen|abend)"
    r"|sehr geehrte[rs]?|liebe[rs]?|servus|moin|bonjour|bonsoir|madame|salut|hola|buenos d[ií]as"
    r"|estimad[oa]s?|olá|bom dia|ciao|buongiorno|team|all|sirs?|help ?desk|gso|sehr geehrte damen und herren)"
    r"(?:[ /]{1,2}[\w.'-]{1,25}){0,4}[ ,.!:;-]{0,5}$",
    re.IGNORECASE,
)


def strip_mail(text: str) -> str:
    """Return what the writer said. A text without any of a mail's furniture comes back as it was."""
    kept: list[str] = []
    parts: list[list[str]] = []
    words = 0
    for subjects, lines in _split(text.split("\n")):
        if words >= ENOUGH_WORDS and not any(_points("\n".join(part)) for part in parts):
            break
        said = [*subjects, *_body(lines)]
        parts.append(said)
        kept.extend(said)
        words += _words(said)
    stripped = "\n".join(kept).strip()
    return stripped or text.strip()


def _split(lines: list[str]) -> list[tuple[list[str], list[str]]]:
    """Cut at the headers of quoted or forwarded mails: (words of the subject, lines) of each; header lines go."""
    parts: list[tuple[list[str], list[str]]] = [([], [])]
    at = 0
    while at < len(lines):
        line = lines[at][:_LOOK]
        if _RECEIVED.match(line):
            at += 1
        elif _DIVIDER.match(line) or (len(line) < _LOOK and _WROTE.match(line)):
            parts.append(([], []))
            at += 1
        elif (end := _header_end(lines, at)) > at:
            parts.append((_subjects(lines[at:end]), []))
            at = end
        else:
            parts[-1][1].append(lines[at])
            at += 1
    return parts


def _header_end(lines: list[str], at: int) -> int:
    """Line after a block of mail headers that starts at ``at``; ``at`` itself where there is none.

    A block is a sender line and, within the next four lines, one that says when or to whom.
    """
    first = _FIELD.match(lines[at][:_LOOK])
    if first is None or first["key"].lower() not in _SENDER:
        return at
    end, sure = at + 1, False
    for place in range(at + 1, min(at + 14, len(lines))):
        field = _FIELD.match(lines[place][:_LOOK])
        if field is None:
            if lines[place].strip() and end == place and not sure and place - at > 4:
                break
            if not lines[place].strip() and sure:
                break
            if lines[place].strip() and sure:
                break
            continue
        sure = sure or field["key"].lower() in _SENT
        end = place + 1
    return end if sure else at


_REPLY = re.compile(r"^\s{0,4}(?:(?:re|fwd?|aw|wg|tr|rv|antw|sab|tru)\s?:\s{0,3}){1,6}", re.IGNORECASE)


def _subjects(lines: list[str]) -> list[str]:
    """The words of subject lines in a header block, without "RE:" and "FW:"."""
    said: list[str] = []
    for line in lines:
        field = _FIELD.match(line[:_LOOK])
        if field is not None and field["key"].lower() in _SUBJECT:
            subject = _REPLY.sub("", line[line.find(":") + 1 :]).strip()
            if subject:
                said.append(subject)
    return said


def _body(lines: list[str]) -> list[str]:
    """One mail without quoted lines, signature, disclaimer and greeting."""
    own = _unquoted(lines)
    own = _without_disclaimers(own)
    own = _without_signature(own)
    return _without_greeting(own)


def _unquoted(lines: list[str]) -> list[str]:
    own = [line for line in lines if not line.lstrip().startswith(">")]
    if len(own) == len(lines) or _words(own) >= 5:
        return own
    return [line.lstrip().lstrip("> ") for line in lines]


def _without_disclaimers(lines: list[str]) -> list[str]:
    """Drop each paragraph that opens like a disclaimer, as long as anything else is left."""
    kept: list[str] = []
    dropping = False
    for line in lines:
        if not line.strip():
            dropping = False
        elif _DISCLAIMER.match(line[:_LOOK]):
            dropping = True
        if not dropping:
            kept.append(line)
    return kept if _says(kept) else lines


def _without_signature(lines: list[str]) -> list[str]:
    """Cut at a closing phrase or "-- " when what follows looks like a name and an address, not like a message."""
    words = 0
    start = _signature_start(lines)
    for at, line in enumerate(lines):
        look = line[:_LOOK]
        if at + 1 >= start and words >= 2 and _closes(look):
            return lines[:at]
        words += len(line.split()) if words < 2 else 0
    return lines


def _closes(line: str) -> bool:
    closing = _DASHES.match(line) or (len(line) < 60 and _CLOSING.match(line)) or _SENT_FROM.match(line)
    return bool(closing and line.strip())


def _signature_start(lines: list[str]) -> int:
    """First line from which on all is short enough for a signature: 14 lines, 700 characters, 12 words a line."""
    said = signs = 0
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].strip():
            said += 1
            signs += len(lines[at])
            if said > 14 or signs > 700 or len(lines[at].split()) > 12:
                return at + 1
    return 0


def _without_greeting(lines: list[str]) -> list[str]:
    """Drop up to two lines at the start that only greet."""
    at = 0
    for place, line in enumerate(lines[:6]):
        if line.strip() and not (len(line) < 80 and _GREETING.match(line)):
            break
        at = place + 1
    return lines[at:] if _says(lines[at:]) else lines


def _says(lines: list[str]) -> bool:
    return any(line and not line.isspace() for line in lines)


def _words(lines: list[str]) -> int:
    return sum(len(line.split()) for line in lines)


def _points(text: str) -> bool:
    """Whether a message only sends the reader on to what stands below it."""
    return _POINTER.search(text[:4000]) is not None
