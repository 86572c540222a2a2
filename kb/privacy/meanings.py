"""What the words of a service desk mean where a secret may stand beside them, in a dozen languages."""

from __future__ import annotations

from functools import lru_cache

_SAID = {
    "password": """
        pass* pw pwd pswd psw pwrd passwort* kennw* mdp motdepasse contrase* contras* senha* clave claves wachtw*
        ww hasł* hasl* парол* lösen* losen* hesl* jelsz* salasan* kodeord adgangskod* passphrase* credential*
        creds zugangsdaten identifiants credenzial* logindaten şifre passe palavra-passe
    """,
    "code": """
        code codes pin pins pincode puk tan otp totp mfa 2fa tokencode passcode* código* codigo* codice* codici
        kod kodu kody kodem код* коду пин* digicode nip cvv cvc cv2 zahlencode türcode einmalcode bestätigungscode
        sms-code kode koden verificatiecode toegangscode combination combinaison combinación combinazione
        kombination* szyfr
    """,
    "key": """
        key keys schlüssel* sleutel* clé clés cle chiave chiavi chave* llave* klucz* ключ* nyckel* klíč* secret*
        secreto* segreto* geheim* tajn* token* psk community api api-key apikey licen* lizenz* licencia*
        activation aktivier* segredo* sekret* shared signing encryption*
    """,
    "network": """
        wifi wi-fi wlan w-lan wireless ssid wpa wpa2 wpa3 hotspot guest gäste* gast invité* invitados ospiti
        router netzwerk* network* réseau red rete rede sieć sieci nätverk* wep вайфай wlan-* funk* sítě síť gosci
        gości goście wifi-* access ap
    """,
    "account": """
        user users username login logins log-in account accounts benutzer* konto utilisateur* usuario* utente
        utenti gebruiker* użytkown* пользоват* логин* användar* uživatel* compte cuenta admin administrator root
        sa svc* userid kennung identifiant upn sam nutzer utilizador* conta
    """,
    "is": """
        is was be are 's its it's ist war lautet sei sind est était c'est es era fue é è jest był to это был är
        heter je byl = == := => -> → equals means reads says remains shows zeigt stays stayed being être sera será
        sarà ha becomes c’est it’s that's thats
    """,
    "entered": """
        try tried trying use used uses using type typed types typing enter entered enters entering put puts input
        inputting key-in punch punched probier* versuch* tipp* eingeb* eingegeben gebe gab eintipp* verwende*
        benutz* nutz* nehme nimm essay* tap* utilis* saisi* entr* mets mis rentr* us* prueb* prob* pongo puse
        escrib* tecle* met* introduc* ingres* inser* digit* uso provo provat* gebruik* probeer* typ* voer*
        ingevoerd wpis* używ* próbow* podaj* ввож* введ* набира* пробов* skriv* anger angav försök* använd* zadáv*
        zadal* použ* píšu zkouš* coloc* escrevo tent* test* ввел*
    """,
    "handed": """
        gave give given gives told tell tells sent send sending texted dictated read spelled handed passed got get
        received obtained issued assigned provided wrote written writes note noted sticker sticky paper post-it
        zettel* papier* papel* foglio* kartka kartce briefje lapp* aufkleber étiquette etiqueta etichetta gegeben
        gesagt mitgeteilt geschickt bekommen erhalten notiert geschrieben donné dit envoyé reçu noté communiqué
        écrit dado dada enviado dicho recib* anot* dato detto mandato ricevut* scritt* comunic* gegeven gezegd
        gestuurd gekregen opgeschreven podał* dał* wysł* dosta* zapis* dał дал* сказал* прислал* отправ* получил*
        пришл* написа* fick gav sade skicka* skrev dal* řekl* poslal* dostal* napsa* chegou recebi* dikt*
        buchstab* printed read-out
    """,
    "changed": """
        set sets setting reset resets changed change changes changing updated rotated rotate made generated
        created chose picked gesetzt setze zurückgesetzt geändert ändern umgestellt vergeben angelegt neu
        generiert changé modifié réinitialisé remis défini cambiado cambié cambiada puesto restablec* asignad*
        cambiat* impostat* reimpost* resett* aggiornat* gewijzigd ingesteld gereset veranderd aangepast zmieni*
        ustawi* zreset* сменил* поменял* установ* сброс* ändra* bytt* satt* återställ* nastav* změn* resetov*
        alterad* definid* redefin* mudei trocad*
    """,
    "age": """
        old new temp temporary temporal initial default current previous last former actual standard first next
        alt* neu* bisher* aktuell* vorig* temporär* vorläufig* initial* start* provisoire nouveau nouvelle ancien*
        actuel* défaut vieja viejo nueva nuevo antigua antiguo provisional predeterminad* vecchi* nuov* attual*
        provvisori* predefinit* oud oude nieuw* huidig* tijdelijk* star* now* tymczas* domyśl* obecn* стар* нов*
        времен* gaml* ny nya nytt tillfällig* standard* nov* dočas* výchoz* antig* novo nova provisór* temporár*
        padrão still now again factory werks*
    """,
    "as": """
        as als comme como come jako jak как som with mit avec con com met z s с med auf zu à en in into for für
        pour para per voor na до
    """,
    "mine": """
        my mine your his her their our mein* dein* ihr* sein* unser* mon ma votre notre mi su nuestra mio mia sua
        mijn uw ons moje mój мой моя min mitt vår moj můj meu minha
    """,
    "refused": """
        not no doesn't dont don't didn't didnt doesnt isn't won't wont wrong refused rejected invalid incorrect
        fails failed nicht kein* falsch geht abgelehnt ungültig pas refus* incorrect* erroné non sbagliat* errat*
        niet onjuist fout nie błęd* zły не неверн* непра* inte fel nej ne špatn* nefung* não errad* incorret*
        inválid*
    """,
    "accepted": """
        works worked working ok accepted valid correct right funktioniert klappt passt marche fonctionne accepté
        funciona funcionó funziona werkt działa работает подошел подходит fungerar funguje accepts takes took
        opens opened unlocks unlocked unlock
    """,
    "opened": """
        open unlock* entra entrare past protect* geschützt schutz protégé protegid* protett* beveiligd zabezpiecz*
        chráněn* skydd* encrypt* verschlüssel* log logged sign signed signin auth* authenticat* connect* decrypt*
        mount* disarm* anmeld* einlogg* entsperr* öffne* öffnet verbind* connexion connecter ouvrir ouvre
        déverrou* entrar acced* conect* abrir abre desbloq* accedere aprire sblocc* collegar* inloggen openen
        ontgrendel* zalogow* otworzy* odblok* войти вход* открыв* logga låsa öppna přihl* otevř* odemk* alarm pdf
        zip bios archive excel
    """,
    "error": """
        error errors err exit status fehler* erreur* errore errori fout* błąd ошибк* chyb* erro exception failure
        failing crash crash* 0x* hresult event eventid id stop http
    """,
    "version": """
        version versions build release v ver update upgraded patch firmware driver treiber pilote kb windows
        office sp java chrome edge os ios android model typ modell modèle
    """,
    "ticket": """
        ticket tickets incident inc req request case ritm task problem order po bestell* auftrag* commande pedido
        invoice rechnung* facture factura ref reference number nr num nº n° numer nummer numéro número numero
        serial s/n sn asset tag inventory inventar* part sku article customer kunden* client contract vertrag*
        claim
    """,
    "phone": """
        phone tel telephone mobile call ext extension durchwahl telefon* handy téléphone teléfono telefono mobil*
        fax cell ruf* call-back callback
    """,
    "place": """
        room floor building desk site street raum büro zimmer etage bureau étage salle sala piso oficina stanza
        piano kamer verdieping pokój piętro rum våning port vlan ip host hostname server pc laptop printer drucker
        device gerät machine imprimante impresora stampante node line dept department abteilung cost kostenstelle
        centre center
    """,
    "time": """
        am pm uhr date datum since until at on um seit bis minutes mins hours days seconds times stunden tage
        minuten day week month year people characters chars zeichen gb mb % eur usd € $
    """,
    "hash": """
        md5 sha sha1 sha256 sha-256 sha512 checksum thumbprint fingerprint guid uuid objectid object commit digest
        correlation trace session request-id requestid sid tenant subscription clientid client-id appid app-id
        instance mac imei hash signature etag encrypted encoded vault
    """,
    "message": """
        sms text message messages app authenticator duo push whatsapp móvil celular smartphone e-mail nachricht
        mensaje messaggio bericht wiadomość zpráva meddelande yubikey fob sim smska smsem смс sms-a arriv* came
        llegó llega przysz* přišl* пришёл kommt kam angekommen wyświetl* zobraz* pokazuje показ* affiche display
        displays anzeige bypass verify verification vérification verifica* bestätig* potwierd* recovery backup
        one-time einmal*
    """,
    "lock": """
        door doors gate gates alarms safe safes locker keypad pad panel lock locks locked screenlock lockscreen
        voicemail mailbox copier copy-code parking barrier garage cabinet cupboard server-room serverraum tür türe
        tor tresor schließ* schrank schranke zamek sejf drzwi brama szafa porte portail coffre armoire puerta
        portón caja cofre armario porta portone cancello cassaforte armadietto deur poort kluis kast dörr grind
        kassaskåp skåp larm dveře brána trezor skříň дверь сейф шкаф замок домофон gerätesperre bildschirmsperre
        sperre pound # voice dial-in conference meeting konferenz* bridge kiosk
    """,
}
"""Meaning → words; one that ends in * is the beginning of words. The first meaning that has a word counts."""
CUES = frozenset(("password", "code", "key", "network", "account"))
"""What is spoken of where a secret is given away."""
AROUND = CUES | {"opened", "entered", "handed", "changed", "message", "lock"}
"""That, or what is done with a secret."""


def _table(*, beginnings: bool) -> dict[str, str]:
    made: dict[str, str] = {}
    for meaning, said in _SAID.items():
        for word in said.split():
            if (word[-1] == "*" and len(word) > 1) is beginnings:
                made.setdefault(word.removesuffix("*") if beginnings else word, meaning)
    return made


_WHOLE, _BEGINNINGS = _table(beginnings=False), _table(beginnings=True)
_SHORTEST = min(map(len, _BEGINNINGS))
_LENGTHS: dict[str, list[int]] = {}
"""First signs of a word → how long the beginnings with them are, the longest first."""
for _word in sorted(_BEGINNINGS, key=len, reverse=True):
    if len(_word) not in (_lengths := _LENGTHS.setdefault(_word[:_SHORTEST], [])):
        _lengths.append(len(_word))


@lru_cache(50_000)
def meaning(word: str) -> str:
    """What a word in small letters means here; "" for all others."""
    if (whole := _WHOLE.get(word)) is not None:
        return whole
    for n in _LENGTHS.get(word[:_SHORTEST], ()):
        if n <= len(word) and (found := _BEGINNINGS.get(word[:n])):
            return found
    return ""
