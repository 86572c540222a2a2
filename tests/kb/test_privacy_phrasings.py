"""Classes of phrasing in which secrets come, one example or two of each, and what looks like them in real tickets."""

from __future__ import annotations

import pytest

from kb.privacy import passwords
from kb.privacy.glance import Glance
from kb.privacy.redactor import by_rules, redact

MIXED, WORDY = "Winter2024!", "sunshine3467"
KEY = "Zx81kQ0aPq7Lm2Vt9Rb4Yw6N"


def told(text: str) -> str:
    return redact(f"Outlook closes.\n{text}\nPlease check.")[0]


@pytest.mark.parametrize(
    "phrase",
    [
        # some words between the word and the colon
        "admin password for the print server (old one): {v}", "one-time password (change at first login): {v}",
        # a column of a table
        "| User | Password |\n|---|---|\n| jdoe | {v} |", "User\tPassword\njdoe\t{v}", "user,password\njdoe,{v}",
        # the answer to a question, and a line of its own
        "Q: which password?\nA: {v}", "[09:10] what is your password?\n[09:11] caller: {v}", "the password is below\n\n{v}",
        # logins
        "root/{v}", "admin / {v}", "log on as jdoe with {v}", "creds for the demo tenant - jdoe : {v}",
        # reset to, put back to, and what is typed
        "Reset to {v}, user told.", "I put it back to {v} and it fails", "{v} is what I type every day",
        # the value before the word, or anywhere on its line where it was handed on
        "I entered {v} and it said password incorrect", "tried {v}, still wrong password", "{v} was my old password",
        "told her to use {v}, then change the password",
        # misspelt
        "my passwrd {v}", "pasword: {v}", "psswd {v}", "p@sswort {v}",
        # after a question, and c'est, it's, says
        "what is the pw? it's {v}", "le mot de passe c'est {v}", "zmieniłem hasło na {v}",
        # a verb of another language, a word or two between, a system's name, a line above
        "je tape {v} et il me dit mot de passe incorrect", "mdp windows {v} mdp outlook pareil", "le mdp est resté {v}",
        "troquei a palavra-passe para {v}, continua bloqueado", "her pw's {v}", "Pasword;{v}", "changed pw twice: first {v}, then another",
        "Hab es wieder auf {v} zurückgestellt", "the sheet is protected, open with {v}", "the team uses {v} for the shared account",
        "my own login, jdoe with {v}, until his is ready", "u: jdoe p: {v}", "Username: jdoe\n{v}", "Credentials below\njdoe\n{v}",
        "PW reset, told user {v}", "Pass code {v}", "password ... {v}",
        # commands and devices
        "DefaultPassword REG_SZ {v}", "rasdial \"Head Office\" jdoe {v}", "snmp-server user m g v3 auth sha {v}", "AUTH LOGIN jdoe {v}",
        "echo '{v}' | sudo -S reboot", "create user x identified by '{v}';", "keytool -storepass {v}",
        "username jdoe password 0 {v}", "enable secret {v}", "redis-cli -a {v} ping", "ConvertTo-SecureString -AsPlainText \"{v}\"",
        "smbclient -U jdoe%{v} //fs01/x", ".pgpass: db01:5432:erp:app:{v}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [MIXED, WORDY])
def test_passwords_go_in_every_class_of_phrasing(phrase: str, value: str) -> None:
    assert value not in told(phrase.replace("{v}", value))


@pytest.mark.parametrize(
    "phrase",
    [
        "the code is {v}", "Use {v} as your code", "I told them the code ({v})", "got a text with {v}, the code is expired",
        "Voicemail PIN reset to {v}", "PIN (scanner 3): {v}", "my PIN ({v}) is blocked", "le code reçu est {v}", "el código es {v}",
        "il codice ricevuto via SMS è {v}", "kod z SMS: {v}", "MFA asks for a number, it shows {v}", "der Code lautet {v}",
        "pincode van de telefoon is {v}", "G-{v} is your Google verification code", "alarm panel disarm {v} then enter, same code",
        "code for the server room door? it's {v}", "the pin for printing, {v}, is not taken", "PIN1 {v}", "digicode {v}", "o código é {v}",
        "RSA token {v}", "I typed {v} from the app", "kod do drzwi {v}",
    ],
)  # fmt: skip
def test_codes_go_in_every_class_of_phrasing(phrase: str) -> None:
    assert "482913" not in told(phrase.replace("{v}", "482913"))


@pytest.mark.parametrize(
    "phrase",
    [
        "please add this api token to the job, {v}", "clé secrète : {v}", "chiave API: {v}", "API-sleutel: {v}", "clave de API: {v}",
        "geheimer Schlüssel: {v}", "shared secret for the client sw12 = {v}", "TOTP secret for the team is {v}, add it",
        "radius-server host 10.2.2.9 key {v}", "crypto isakmp key {v} address 10.9.0.1", "the secret ({v}) expired",
        "secret key needed; I entered {v}", "the key is {v}", "Schlüssel: {v}", "toegangstoken {v}", "IPsec key {v}", "community {v}",
        "SSID: GUEST\nKey: {v}", "netsh wlan show\n    Key Content            : {v}", "Gäste-WLAN Passwort ist diese Woche {v}", "router key {v}",
        "Guest wifi this week: {v}", "clave del wifi {v}", "WEP key {v}", "Netzwerksicherheitsschlüssel: {v}",
    ],
)  # fmt: skip
def test_keys_go_in_every_class_of_phrasing(phrase: str) -> None:
    assert KEY not in told(phrase.replace("{v}", KEY))


@pytest.mark.parametrize(
    ("phrase", "value"),
    [
        ("account # {v}", "583958240"), ("Kto.-Nr.: {v}", "425263176"), ("numéro de compte bancaire : {v}", "3020238489"),
        ("the passport in the payroll is wrong. It must be {v}", "C12345678"), ("visa needs DNI, here: {v}", "12345678Z"),
        ('"passport": "{v}"', "C12345678"), ("my passport is wrong, it is {v}", "C12345678"), ("meine Steuer-ID lautet {v}", "90581324694"),
        ("tel:{v}", "+1 517 555 9102"), ("my mobile ({v}) is off", "(677) 559-8751"), ("mi móvil es el {v}", "617 67 31 28"),
    ],
)  # fmt: skip
def test_numbers_go_in_every_class_of_phrasing(phrase: str, value: str) -> None:
    assert value not in told(phrase.replace("{v}", value))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("--Emma\nEmmas Laptop", "--[name-1]\n[name-1]s Laptop"),
        ("thanks @Emma", "thanks @[name-1]"),
        ("files of Emma.Hartley are gone", "files of [name-1] are gone"),
        ("emma called", "[name-1] called"),
        ("C:\\Users\\emma and /home/emma and emma-pc", "C:\\Users\\emma and /home/emma and emma-pc"),
    ],
)
def test_names_go_wherever_the_caller_is_meant(text: str, left: str) -> None:
    assert redact(text, caller="Emma Hartley")[0] == left


@pytest.mark.parametrize(
    "text",
    [
        # a word after "to" or "a" is no password unless one was set or changed
        "I can provide my username and password to Thunderbird.", "Email stale vyžaduje heslo a nereaguje",
        "need to have new password to complete", "advise on my crm password to start?", "never give your password to anybody",
        # names of protocols, of systems, of accounts
        "set the password to OAuth2", "forgot password to SID_37", "its password for a pop3 server",
        "the user name and password BUT: the gmail-account works", "password wrong, user id is dgrtrkjs123.",
        "password reset for user mmuster01", "my password does not work, user name is ccftv15", "POP3with my password",
        "the password on a laptop with Win10Home fails", "mail.example.net:995 SSL passwordCleartext me smtp.example.net:465",
        "X-Account-Key: account1 X-UIDL: 0000602b53962728", "rechner: empw8111201a nimmt das passwort nicht",
        "spf=pass (mail.example : domain of mail.example designates 10.1.2.3 as sender)", "dmarc=pass (p=REJECT sp=REJECT)",
        "passwordCleartext account2: INCOMING: account2", "is the smtp password present (about 10-15 years)", "erp password reset : SID_37",
        "asks for a password [cid:image005.jpg@01SID]", "I enter the password (repeatedly)", "empw 8111616 is broken",
        # what is to be filled in, keys of a keyboard, versions and sizes, numbers of things
        "password: <your Windows password>", "zapomniałem hasła do poczty", "try Ctrl+Alt+F2 at the login screen", "use Notepad++8.5 to open it",
        "the password field on screen 1920x1080@60Hz", "the smtp password of Account1#", "password reset for asset em#21111123",
        "Passwort läuft ab in 14 Tagen (Richtlinie 2024-A)", "unlock the account of CORP\\pkuehnel, 3rd time", "PIN entry on PRN-204 hangs",
        "registry key HKLM\\SOFTWARE\\Contoso\\Agent2 is missing", "internet speed is 100Mbit/s", "the key is stuck",
        # codes that are no secrets
        "setup fails with error code 1603", "the code in the status line is 503", "order code is 482913", "I got exit code 482913",
        "account number unknown", "nie działa, jest 123456789", "port 4433 and pin 4711a of the connector",
        # prose that looks like a command or a device
        "password 30 minutes after the change", "the tool identified by engineering_tool", "docker run -p 127.0.0.1:8080:80 web",
    ],
)  # fmt: skip
def test_the_rules_leave_alone_what_only_looks_like_one_in_real_tickets(text: str) -> None:
    assert list(by_rules(f"Outlook closes.\n{text}\nPlease check.")) == []


def test_words_read_once_are_told_wherever_they_stand_again() -> None:
    line = f"{'x' * 700}\nmy password is {MIXED}\n{'y' * 700}\n"
    assert told(line * 40).count("[password]") == 40


def test_what_is_remembered_is_no_more_than_a_key_word_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with a memory of one window and of many: a find never hangs on what stands beyond its window."""
    text = "".join(
        f"password for {'very ' * (n % 9)}old box: {MIXED}{n}\n\n\npw {n} is {WORDY}{n}\n" for n in range(300)
    )
    many = list(passwords.passwords(Glance(text)))
    monkeypatch.setattr(passwords, "_REMEMBERED", 1)
    assert list(passwords.passwords(Glance(text))) == many
    assert len(many) >= 600
