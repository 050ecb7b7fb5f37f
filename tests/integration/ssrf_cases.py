"""Addresses that lead inwards, in the spellings that resolvers, browsers and libraries have been seen to accept."""

from __future__ import annotations

import json
from pathlib import Path

PUBLIC = "93.184.216.34"


def spellings(ip: str) -> list[str]:
    """Write an IPv4 address in the ways that resolvers and browsers have been seen to accept."""
    a, b, c, d = (int(part) for part in ip.split("."))
    whole = int.from_bytes(bytes((a, b, c, d)), "big")
    wide = str.maketrans("0123456789.", "０１２３４５６７８９。")
    return [
        ip,
        f"{ip}.",
        f"{ip}..",
        str(whole),
        hex(whole),
        oct(whole).replace("0o", "0"),
        f"{whole:#X}".replace("0X", "0x"),
        f"{a}.{b}.{(c << 8) + d}",
        f"{a}.{(b << 16) + (c << 8) + d}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"000{a:o}.000{b:o}.000{c:o}.000{d:o}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0x{a:08x}.{b}.{c}.{d}",
        f"{a:#x}.{b}.0{c:o}.{d}",
        ip.translate(wide),
        ip.replace(".", "。"),
        ip.replace(".", "%2e"),
        "".join(f"%{ord(letter):02x}" for letter in ip),
        f"[::{ip}]",
        f"[::ffff:{ip}]",
        f"[::ffff:0:{ip}]",
        f"[64:ff9b::{ip}]",
        f"[64:ff9b:1::{ip}]",
        f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1]",
        f"[::ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]",
        f"[0:0:0:0:0:ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]",
        f"[2001:470::5efe:{ip}]",
        f"[fe80::5efe:{ip}%25lo]",
        f"{ip}%00.a.example",
        f"{ip}\\@a.example",
        f"a.example@{ip}",
        f"a.example:80@{ip}",
        f"{ip}#@a.example",
        f"{ip}?@a.example",
        f"{ip}:80:80",
        f"\t{ip}",
        f"{ip[0]}\n{ip[1:]}",
    ]


PRIVATE = """
0.0.0.0 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1 172.31.255.254 192.0.0.192
192.168.0.1 192.168.255.254 198.18.0.1 168.63.129.16 224.0.0.1 255.255.255.255
""".split()

PRIVATE_6 = """
::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b:1::10.0.0.1 2002:7f00:1::
2002:a00:1:: fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 2001:db8::1 2001::1 2001:470::5efe:127.0.0.1 100::1 5f00::1
3fff::1 ::
""".split()

HOSTS = """
localhost LOCALHOST localhost. a.localhost localhost.localdomain [::] [::1] [0:0:0:0:0:0:0:1] [::1%25lo] [fe80::1]
[fe80::1%25eth0] [fc00::1] [fd00:ec2::254] [ff02::1] [2001:db8::1] [::ffff:7f00:1] [2002:7f00:1::] [fec0::1] [5f00::1]
127.0.0.1.nip.io.localhost 0 00 0x0 0x 127.1 127.0.1 0177.1 ①②⑦.⓪.⓪.① ⑯⑨。②⑤④。⑯⑨｡②⑤④
ｌｏｃａｌｈｏｓｔ ℓocalhost loc\u00adalhost local\u200dhost
""".split()

LEGITIMATE = """
http://a.example/ https://a.example https://A.EXAMPLE:443/x https://a.example./ http://a.example:80?x=http://127.0.0.1/
https://bücher.example/ https://xn--bcher-kva.example/ https://faß.example/ https://例え.テスト/ https://παράδειγμα.δοκιμή/
https://пример.испытание/ https://مثال.إختبار/ https://דוגמה.טעסט/ https://उदाहरण.परीक्षा/ https://실례.테스트/
https://☕.example/ https://a-b.c-d.example/ https://1.example/ https://127.0.0.1.example/ https://localhost.example/
https://sub.sub.sub.sub.sub.example/ https://a.example/%E4%BD%A0 https://a.example/ä?ö=ü#ß https://a_b.example/
http://93.184.216.34/ https://[2606:4700:4700::1111]/ http://1.1.1.1:80/ https://a.example/?next=file:///etc/passwd
""".split()

LED_INWARDS = """
inside.example mixed.example mixed6.example mapped.example link.example meta.example zero.example
127.0.0.1.nip.example 10.0.0.1.nip.example 169.254.169.254.nip.example 192.168.0.1.nip.example
""".split()
"""Names whose answers hold a private address; the lab's name server gives them."""


def platform_urls(path: Path) -> set[str]:
    """Read the web platform's test addresses, as written and as parsed."""
    cases = json.loads(path.read_text("utf-8"))
    return {case[key] for case in cases if isinstance(case, dict) for key in ("input", "href") if case.get(key)}


def own_urls() -> list[str]:
    """Spell every private address in every way, behind both schemes, and name the hosts that lead inwards."""
    hosts = [host for ip in PRIVATE for host in spellings(ip)]
    hosts += [f"[{ip}]" for ip in PRIVATE_6] + [f"[{ip}%25lo]" for ip in PRIVATE_6] + HOSTS + LED_INWARDS
    urls = [f"{scheme}://{host}/" for host in hosts for scheme in ("http", "https")]
    urls += [f"http://{host}:80/?x#y" for host in hosts] + [f"https://{host}:443" for host in HOSTS + LED_INWARDS]
    urls += [f"http://rebind{number}.example/" for number in range(96)]
    urls += [
        f"http://{host}:{port}/" for host in PRIVATE + [f"[{ip}]" for ip in PRIVATE_6] for port in (22, 6379, 8080)
    ]
    return urls
