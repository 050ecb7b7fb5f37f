"""Read and write OpenTimestamps proofs (.ots). Needs the extra `ots`; contacts nobody.

A proof is a tree of hash operations that begins with a file's SHA-256. Its leaves are promises of calendars, and
Bitcoin blocks whose merkle root the operations lead to. Whether such a block exists is not known here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpSHA256
from opentimestamps.core.serialize import BytesDeserializationContext, BytesSerializationContext, DeserializationError
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

MAX_PROOF = 16 << 10
MAX_ANSWER = 10_000
"""In bytes. Real proofs have one or two thousand; each byte of a hostile one may cost a hash of 4 KiB."""

_MAX_HEIGHT = 1 << 31  # also bounds the digits when it is printed
_ROOT_BYTES = 32
# What the library raises at bytes that are no proof: its own errors, and those of what it calls on the way.
_UNREADABLE = (DeserializationError, ValueError, TypeError, AssertionError, OverflowError, RecursionError)


class BadProof(ValueError):
    """This is no proof, or not one about this message."""


@dataclass(frozen=True, order=True, kw_only=True, slots=True)
class Block:
    """Name a Bitcoin block and the merkle root that it must have, spelled as block explorers spell it."""

    height: int
    merkle_root: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofFacts:
    """Say what a proof leads to: blocks, lowest first, and promises as (commitment, calendar's address)."""

    blocks: tuple[Block, ...]
    promises: tuple[tuple[bytes, str], ...]


def software() -> str:
    """Name the library and its version."""
    return f"opentimestamps {metadata.version('opentimestamps')}"


def salted(message: bytes, salt: bytes) -> bytes:
    """Give what a calendar is told of a message: a hash that says nothing about it to who does not have the salt."""
    return hashlib.sha256(hashlib.sha256(message).digest() + salt).digest()


def promised(message: bytes, salt: bytes, answers: Sequence[bytes]) -> bytes:
    """Give the proof that these calendars' answers about the salted hash make; BadProof when one is no answer."""
    proof = DetachedTimestampFile(OpSHA256(), Timestamp(hashlib.sha256(message).digest()))
    leaf = proof.timestamp.ops.add(OpAppend(salt)).ops.add(OpSHA256())
    for answer in answers:
        leaf.merge(_read_answer(answer, leaf.msg))
    return _written(proof, message)


def completed(body: bytes, message: bytes, commitment: bytes, answer: bytes) -> bytes:
    """Give the proof with a calendar's later answer about one of its promises; BadProof when it is no answer."""
    proof = _read(body, message)
    later = _read_answer(answer, commitment)
    for node in _nodes(proof.timestamp):
        if node.msg == commitment and any(isinstance(one, PendingAttestation) for one in node.attestations):
            node.merge(later)
            return _written(proof, message)
    raise BadProof("it answers a promise that the proof does not hold")


def read_proof(body: bytes, message: bytes) -> ProofFacts:
    """Give what a proof about this message leads to; BadProof when it is none, about another, or leads nowhere."""
    return _facts(_read(body, message).timestamp)


def _read(body: bytes, message: bytes) -> DetachedTimestampFile:
    if len(body) > MAX_PROOF:
        raise BadProof(f"it has {len(body)} bytes; a proof has at most {MAX_PROOF}")
    try:
        proof = DetachedTimestampFile.deserialize(BytesDeserializationContext(body))
    except _UNREADABLE as fault:
        raise BadProof(f"it cannot be read: {_words(fault)}") from fault
    if not isinstance(proof.file_hash_op, OpSHA256) or proof.file_digest != hashlib.sha256(message).digest():
        raise BadProof("it is about something else")
    return proof


def _read_answer(answer: bytes, about: bytes) -> Timestamp:
    if len(answer) > MAX_ANSWER:
        raise BadProof(f"the answer has {len(answer)} bytes; at most {MAX_ANSWER} are read")
    try:
        context = BytesDeserializationContext(answer)
        found = Timestamp.deserialize(context, about)
        context.assert_eof()
    except _UNREADABLE as fault:
        raise BadProof(f"the answer cannot be read: {_words(fault)}") from fault
    _facts(found)
    return found


def _written(proof: DetachedTimestampFile, message: bytes) -> bytes:
    context = BytesSerializationContext()
    try:
        proof.serialize(context)
    except _UNREADABLE as fault:
        raise BadProof(f"the answers cannot be put together: {_words(fault)}") from fault
    body: bytes = context.getbytes()
    read_proof(body, message)  # what is kept can be read again: parts that are each small enough may not be so together
    return body


def _facts(tree: Timestamp) -> ProofFacts:
    blocks, promises = set(), []
    for digest, said in tree.all_attestations():
        if isinstance(said, PendingAttestation):
            promises.append((digest, said.uri))
        elif isinstance(said, BitcoinBlockHeaderAttestation):
            if len(digest) != _ROOT_BYTES or not 0 <= said.height < _MAX_HEIGHT:
                raise BadProof("it names a Bitcoin block that cannot be")
            blocks.add(Block(height=said.height, merkle_root=digest[::-1].hex()))
    if not blocks and not promises:
        raise BadProof("it leads to no Bitcoin block, and no calendar promises one")
    return ProofFacts(blocks=tuple(sorted(blocks)), promises=tuple(sorted(promises)))


def _nodes(tree: Timestamp) -> list[Timestamp]:
    found = [tree]
    for node in found:  # grows while it is walked
        found += node.ops.values()
    return found


def _words(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:120] or type(fault).__name__
