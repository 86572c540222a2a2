"""Words that cannot carry a name: grammar of English, German and French, mail furniture, and desk talk."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words(
    """a about above after again against ain all almost along already also although always am an and another any anybody
    anymore anyone anything anyway are aren't arent around as at away b back be became because become been before behind
    being below between both but by c can can't cant cannot come comes coming could couldn't d did didn't didnt do does
    doesn't doesnt doing don don't dont done down due during e each either else even ever every everybody everyone
    everything f few first for from further g get gets getting give given go goes going gone gonna got h had hadn't half
    has hasn't have haven't having he he's her here hers herself him himself his how however i i'd i'll i'm i've if ill
    im in instead into is isn't isnt it it's its itself ive j just k keep keeps kept kind know l last lately less let
    let's like likes long look looking looks lot lots m made make makes making many may maybe me mean might mine more
    most much must my myself n near need needed needing needs neither never next no nobody none nor not nothing now o of
    off often ok okay on once one ones only onto or other others otherwise our ours ourselves out over own p per perhaps
    please put q quite r rather re really right s said same saw say says see seem seems seen self several shall she
    should shouldn't since so some somebody someone something sometimes somewhere somehow still stuff such sure t take
    taken takes taking than that that's thats the their theirs them themselves then there there's these they they're
    thing things think this those though through thru till to together too took toward towards tried tries try trying
    twice u under until up upon us use used uses using usually v very via w want wanted wanting wants was wasn't way we
    we're well went were weren't what what's when whenever where whether which while who whole whom whose why will wish
    with within without won't wont would wouldn't x y yes yet you you're your yours yourself z able anyhow every entire
    exactly seemingly somewhat suddenly constantly properly correctly completely totally simply actually currently
    recently apparently finally longer whatever basically probably possible possibly necessary certain various
    following couple etc vs ie eg ago today yesterday tomorrow week weeks day days month months year years hour hours
    minute minutes morning afternoon evening monday tuesday wednesday thursday friday saturday sunday january february
    march april june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    est et am pm utc gmt two three four five six seven eight nine ten"""
)
_GERMAN = _words(
    """ab aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bereits bin bis bitte
    bzw da dabei dadurch dafür damit dann daran darauf das dass daß dein dem den denn der des deshalb die dies diese
    diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er erst es etwas euch eurer für
    gegen geht gibt habe haben hat hatte hier hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist
    ja jede jedem jeden jeder jedes jetzt kann kein keine keinem keinen keiner können könnte leider machen man mehr
    mehrmals selbst neu neue neuen neuer neues mein
    meine meinem meinen meiner mich mir mit muss müssen nach nachdem neben noch nun nur ob oben oder ohne schon sehr
    sein seine seit sich sie sind so soll sollte sondern sowie über um und uns unser unsere unter usw viel vom von vor
    war waren warum was wegen weil welche wenn wer werden weiter wie wieder will wir wird wo worden wurde wurden zu zum
    zur zwei zwischen heute gestern morgen seitdem lässt möglich nichts mal bekomme bekommen"""
)
_FRENCH = _words(
    """à afin ai ait alors après au aucun aussi autre autres aux avant avec avez avoir avons bien c'est ce cela ces cet
    cette ceux chaque chez comme comment d'un d'une dans de depuis des deux dois doit donc dont du elle elles en encore
    entre es est et étaient était étant être eu fait faire faut il ils j'ai je jusqu l'on la là le les leur leurs lors
    lui ma mais me même mes moi mon n'est n'ai ne ni nos notre nous on ont ou où par parce pas pendant peu peut peux
    plus plusieurs pour pourquoi près qu'il qu'on quand que quel quelle quelles quels qui quoi rien sa sans se sera ses
    si son sont sous suis sur ta tes toi ton toujours tous tout toute toutes très trop tu un une vers veux vos votre
    vous y aujourd'hui hier impossible"""
)
STOP = (_ENGLISH | _GERMAN | _FRENCH) - {"not", "impossible"}
"""Never at either end of a phrase."""

GLUE = _words(
    "of to in on from for with by at after into when not no the a an via und der die das im von zu mit für de du la le "
    "des et à"
)
"""Stop words that may stand inside a phrase."""

LAST = _words("ab an aus auf ein zu out off up down back")
"""Small words that may end a phrase, as they belong to what goes before: "locked out", "stürzt ab"."""

FURNITURE = _words(
    """hello hi hey dear regards regard thanks thank thankyou thx cheers sincerely greetings kindly please pls plz sir
    madam team gentlemen best wishes hallo guten tag liebe lieber sehr geehrte geehrter freundliche freundlichen grüße
    grüßen gruß grüsse mfg danke bitte bonjour bonsoir merci cordialement salutations monsieur madame received sent
    forwarded fwd fw aw wg re subject betreff objet mailto cc bcc unsubscribe disclaimer confidential attachment
    attached attachments attach screenshot screenshots screen-shot see_below help helps helping hilfe aide asap aerp
    urgent urgently question questions issue issues problem problems probleme problème trouble troubles
    inc incident incidents summary description phone telephone tel fax contact caller callers user's advise
    advice support request requests requesting solved resolved confused confusing frustrated frustrating idea ideas
    annoying annoyed weird strange"""
)
"""Greetings, mail headers, and what everybody says to a desk: never in a phrase at all."""

VAGUE = _words(
    """unable cannot can't wont won't able not working work works worked stopped stop stops fail fails failed failing
    problem error errors message new old latest version update updated upgrade upgraded change changed set setting
    settings show shows showing open opens opening way user users computer pc laptop system click button page
    window windows missing lost gone wrong broken bad good funktioniert nicht geht fehler fonctionne marche erreur
    different multiple keep ticket tickets log login logon access"""
)
"""Words that may help a phrase but do not make a name alone."""
