#!/usr/bin/env python3
"""Check an evidence pack of Countermark on a machine without Countermark.

    python3 verify.py PACK.zip --key PUBLIC_KEY_IN_HEX

Needs Python 3.9 or newer and nothing else. Take this script and the key from somebody you trust,
not from the pack: whoever can change a pack can change the script in it. Exit code 0 or 1.
"""

import argparse
import hashlib
import hmac
import json
import struct
import sys
import zlib

# ---- Ed25519 (RFC 8032), checking only ---------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _add(a, b):
    w = (a[1] - a[0]) * (b[1] - b[0]) % P
    x = (a[1] + a[0]) * (b[1] + b[0]) % P
    y = 2 * a[3] * b[3] * D % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = x - w, z - y, z + y, x + w
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(n, point):
    found = (0, 1, 1, 0)
    while n:
        if n & 1:
            found = _add(found, point)
        point, n = _add(point, point), n >> 1
    return found


def _point(data):
    """The point that 32 bytes name, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(message, signature, key):
    """Whether the holder of this public key (32 bytes) signed this message."""
    if len(signature) != 64 or len(key) != 32:
        return False
    a, r, s = _point(key), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = _times(s, BASE), _add(r, _times(h, a))
    return not (
        (left[0] * right[2] - right[0] * left[2]) % P
        or (left[1] * right[2] - right[1] * left[2]) % P
    )


# ---- the container: a zip whose every byte is given by its files ---------------------------------
def zipped(files):
    """The bytes of a plain zip, nothing compressed, of (name, content) in order."""
    body, index = b"", b""
    for name, data in files:
        raw = name.encode()
        fixed = struct.pack("<HHHHHIIIHH", 20, 0x800, 0, 0, 0x21, zlib.crc32(data), len(data),
                            len(data), len(raw), 0)  # fmt: skip
        index += b"PK\1\2" + struct.pack("<H", 20) + fixed
        index += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + raw
        body += b"PK\3\4" + fixed + raw + data
    count = len(files)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(index), len(body), 0)
    return body + index + b"PK\5\6" + end


def unzipped(raw):
    """[(name, content)] as far as it can be read."""
    files, at = [], 0
    while raw[at : at + 4] == b"PK\3\4" and at + 30 <= len(raw):
        size, length = (
            struct.unpack("<I", raw[at + 18 : at + 22])[0],
            raw[at + 26] + 256 * raw[at + 27],
        )
        name = raw[at + 30 : at + 30 + length].decode("utf-8", "replace")
        at += 30 + length
        files.append((name, raw[at : at + size]))
        at += size
    return files


# ---- the record ----------------------------------------------------------------------------------
def canonical(value):
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()  # all names are ASCII, all numbers whole: then this is RFC 8785


def entry_problems(entry, before):
    """What is wrong with one entry after the one before it, in sentences."""
    sealed = {
        "v": entry["v"],
        "stream": dict(entry["stream"], workflow=entry["workflow"] or ""),
        **{name: entry[name] for name in ("seq", "type", "actor", "at", "commitment", "prev")},
    }
    if hashlib.sha256(b"\0" + canonical(sealed)).hexdigest() != entry["hash"]:
        yield "its type, actor, time, place or commitment was changed"
    made = hmac.new(bytes.fromhex(entry["salt"]), entry["body"].encode(), hashlib.sha256)
    if made.hexdigest() != entry["commitment"]:
        yield "what it says was changed"
    seq, prev = (before["seq"], before["hash"]) if before else (0, "0" * 64)
    if entry["seq"] != seq + 1:
        yield f"entry {seq + 1} before it is missing"
    if entry["prev"] != prev:
        yield "it does not follow the entry before it"


def root_of(leaf, proof):
    """The root to which a leaf leads by its path (RFC 6962), or None."""
    place, last = proof["place"], proof["size"] - 1
    here = hashlib.sha256(b"\0" + canonical(leaf)).digest()
    for one in proof["path"]:
        other = bytes.fromhex(one)
        if last == 0:
            return None
        if place & 1 or place == last:
            here = hashlib.sha256(b"\1" + other + here).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            here = hashlib.sha256(b"\1" + here + other).digest()
        place, last = place >> 1, last >> 1
    return here.hex() if last == 0 else None


def problems(raw, key):
    """Everything wrong with a pack, given as its bytes, in sentences that name the place."""
    files = unzipped(raw)
    held = dict(files)
    same = zipped(files)
    if same != raw:
        yield f"the container was changed {_place(same, raw, files)}"
    if "manifest.json" not in held or "manifest.sig" not in held:
        yield "manifest.json or manifest.sig is missing: this is no pack, or not all of one"
        return
    try:
        signature = bytes.fromhex(held["manifest.sig"].decode().strip())
        whole = held["manifest.sig"].decode() == signature.hex() + "\n"
    except ValueError:
        signature, whole = b"", False
    if not whole or not is_signed(b"\3" + held["manifest.json"], signature, bytes.fromhex(key)):
        yield "manifest.json or manifest.sig was changed, or another key signed it"
    try:
        manifest = json.loads(held["manifest.json"])
        yield from _files(held, manifest["files"])
        yield from _chains(held, key)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"it cannot be read to its end: {type(error).__name__}: {error}"


def _place(same, raw, files):
    """Where two containers part: at which byte, and in or after which file."""
    at, beyond = 0, min(len(same), len(raw)) + 1
    while beyond - at > 1:  # the longest start that they share
        middle = (at + beyond) // 2
        at, beyond = (middle, beyond) if same[:middle] == raw[:middle] else (at, middle)
    name, end = "its start", 0
    for name, data in files:
        end += 30 + len(name.encode()) + len(data)
        if at < end:
            break
    return f"at byte {at}, around {name}"


def _files(held, listed):
    for name in sorted(set(held) - set(listed) - {"manifest.json", "manifest.sig"}):
        yield f"{name} does not belong to the pack"
    for name, about in listed.items():
        if name not in held:
            yield f"{name} is missing"
        elif hashlib.sha256(held[name]).hexdigest() != about["sha256"]:
            yield f"{name} was changed"
            lines = held[name].split(b"\n")
            for n in range(max(len(lines), len(about["lines"])) if about["lines"] else 0):
                label, wanted = about["lines"][n] if n < len(about["lines"]) else ("", "")
                made = hashlib.sha256(lines[n]).hexdigest()[:16] if n < len(lines) else ""
                if made != wanted:
                    yield f"{name} line {n + 1}{label and ': ' + label} was changed"


def _chains(held, key):
    chains: dict = {}
    for line in held["records.jsonl"].splitlines():
        entry = json.loads(line)
        stream = "/".join([entry["stream"]["type"], entry["stream"]["id"]])
        before = chains.get(stream, {}).get("last")
        for one in entry_problems(entry, before):
            yield f"{stream} #{entry['seq']}: {one}"
        chains.setdefault(stream, {"hashes": {}})["last"] = entry
        chains[stream]["hashes"][entry["seq"]] = entry["hash"]
    for line in held["proofs.jsonl"].splitlines():
        proof = json.loads(line)
        leaf, body = proof["leaf"], proof["checkpoint"]
        stream = "/".join([leaf["stream"]["type"], leaf["stream"]["id"]])
        place = f"{stream} #{leaf['seq']}, checkpoint {body['number']}"
        if chains.get(stream, {}).get("hashes", {}).get(leaf["seq"]) != leaf["hash"]:
            yield f"{place}: the entry is not the one that was signed"
        if root_of(leaf, proof) != body["root"]:
            yield f"{place}: its proof does not lead to the signed root"
        signature = bytes.fromhex(proof["signature"])
        if not is_signed(b"\2" + canonical(body), signature, bytes.fromhex(body["key"])):
            yield f"{place}: the signature of the checkpoint is wrong"
        if body["key"] not in json.loads(held["manifest.json"])["keys"] + [key]:
            yield f"{place}: signed with a key that the pack does not name"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack")
    parser.add_argument("--key", help="the public key that signs packs, 64 hex digits")
    options = parser.parse_args()
    with open(options.pack, "rb") as file:
        raw = file.read()
    key, told = options.key, True
    if not key:
        told = False
        try:
            key = json.loads(dict(unzipped(raw))["manifest.json"])["key"]
        except (ValueError, KeyError, TypeError):
            key = "00" * 32
    found = list(dict.fromkeys(problems(raw, key)))
    for one in found:
        print(one)
    if not told:
        print("No --key was given: this only shows that the pack agrees with itself.")
    if found:
        print(f"The pack was changed: {len(found)} problems.")
        return 1
    about = json.loads(dict(unzipped(raw))["manifest.json"])
    for gap in about["gaps"]:
        print("Gap: " + gap)
    print(f"The pack is as it was made: {about['entries']} entries, of {about['at']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
