"""A bundle told for people: every block, its security explained, and what is unusual about it."""

from __future__ import annotations

from typing import Any

from rabta.security.bundles.bpsec import asb, confidentiality, integrity, sealed, signed
from rabta.security.bundles.codec import Bundle, blocks, crc, records
from rabta.security.core import Rejected

CRC_NAMES = {crc.NONE: "none", crc.CRC16: "CRC-16/X-25", crc.CRC32C: "CRC-32C"}
CONTEXTS = {
    asb.BIB_HMAC_SHA2: "BIB-HMAC-SHA2 (RFC 9173)",
    asb.BCB_AES_GCM: "BCB-AES-GCM (RFC 9173)",
    3: "COSE",
    signed.CONTEXT: "SIGNED (Rabta): ML-DSA-87 and Ed25519 over primary block and payload",
    sealed.CONTEXT: "SEALED (Rabta): for one recipient's hybrid key",
}
WAYS = {
    sealed.HPKE_768: "HPKE MLKEM768_X25519",
    sealed.HPKE_1024: "HPKE MLKEM1024_P384",
    sealed.HYBRID_1024: "ML-KEM-1024 and X25519",
}
SCOPES = {
    asb.PRIMARY_SCOPE: "primary block",
    asb.TARGET_SCOPE: "target header",
    asb.SECURITY_SCOPE: "own header",
}
FLAGS = {
    blocks.FRAGMENT: "fragment",
    blocks.ADMINISTRATIVE: "administrative record",
    blocks.NO_FRAGMENTS: "must not be fragmented",
    blocks.WANTS_ACK: "application acknowledges",
    blocks.WANTS_TIME: "reports with time",
    blocks.REPORT_RECEPTION: "report reception",
    blocks.REPORT_FORWARDING: "report forwarding",
    blocks.REPORT_DELIVERY: "report delivery",
    blocks.REPORT_DELETION: "report deletion",
}


def told(bundle: Bundle) -> dict[str, Any]:
    """Plain values of all that a bundle says; payloads only by their length."""
    primary = bundle.primary
    hidden = _hidden(bundle)
    return {
        "bytes": len(bundle.raw),
        "source": str(primary.source),
        "destination": str(primary.destination),
        "report_to": str(primary.report_to),
        "created_dtn_ms": primary.created,
        "sequence": primary.sequence,
        "lifetime_ms": primary.lifetime,
        "flags": [name for bit, name in FLAGS.items() if primary.flags & bit],
        "check_sum": CRC_NAMES[primary.crc],
        "fragment": [primary.offset, primary.total] if primary.fragment else None,
        "blocks": [_block(bundle, block, hidden) for block in bundle.blocks],
        "notes": notes(bundle),
    }


def _hidden(bundle: Bundle) -> set[int]:
    found: set[int] = set()
    for block in bundle.blocks:
        if block.kind == blocks.CONFIDENTIALITY:
            try:
                found.update(asb.read(block.data).targets)
            except Rejected:
                continue
    return found


def _block(bundle: Bundle, block: blocks.Block, hidden: set[int]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "number": block.number,
        "type": block.kind,
        "name": blocks.NAMES.get(block.kind, "unknown"),
        "bytes": len(block.data),
        "check_sum": CRC_NAMES[block.crc],
    }
    if block.number in hidden:
        return {**out, "encrypted": True}
    try:
        return {**out, **_inside(bundle, block)}
    except Rejected as error:
        return {**out, "unreadable": error.problem}


def _inside(bundle: Bundle, block: blocks.Block) -> dict[str, Any]:
    if block.kind == blocks.PREVIOUS_NODE:
        return {"value": str(bundle.previous)}
    if block.kind == blocks.AGE:
        return {"value": f"{bundle.age} ms"}
    if block.kind == blocks.HOPS:
        limit, count = bundle.hops or (0, 0)
        return {"value": f"{count} of {limit}"}
    if block.kind in {blocks.INTEGRITY, blocks.CONFIDENTIALITY}:
        return {"security": security(asb.read(block.data))}
    if block.kind == blocks.PAYLOAD and bundle.primary.flags & blocks.ADMINISTRATIVE:
        report = records.decode(block.data)
        about = f"{report.source} {report.created} {report.sequence}"
        reason = records.REASONS.get(report.reason, str(report.reason))
        return {"value": f"{', '.join(report.states)}: {about} ({reason})"}
    return {}


def security(body: asb.Asb) -> dict[str, Any]:
    """A security block in words."""
    out: dict[str, Any] = {
        "context": CONTEXTS.get(body.context, f"unknown ({body.context})"),
        "source": str(body.source),
        "targets": ["primary" if target == 0 else target for target in body.targets],
    }
    if body.context in {asb.BIB_HMAC_SHA2, asb.BCB_AES_GCM}:
        return out | _default(body)
    if body.context == signed.CONTEXT:
        identifier = body.string(signed.SIGNER) or b""
        return out | {"signer": identifier.hex()[:16], "counter": body.number(signed.COUNTER, -1)}
    if body.context == sealed.CONTEXT:
        return out | {"key": WAYS.get(body.number(sealed.WAY, 0), "unknown")}
    return out


def _default(body: asb.Asb) -> dict[str, Any]:
    one = body.context == asb.BIB_HMAC_SHA2
    variant = body.number(
        1 if one else confidentiality.VARIANT, integrity.DEFAULT if one else confidentiality.DEFAULT
    )
    scope = body.number(integrity.SCOPE if one else confidentiality.SCOPE, asb.FULL_SCOPE)
    names = {5: "HMAC-SHA-256", 6: "HMAC-SHA-384", 7: "HMAC-SHA-512"} if one else {1: "AES-128", 3: "AES-256"}
    wrapped = body.string(integrity.WRAPPED_KEY if one else confidentiality.WRAPPED_KEY)
    return {
        "algorithm": names.get(variant, f"unknown ({variant})"),
        "scope": [name for bit, name in SCOPES.items() if scope & bit],
        "wrapped_key": wrapped is not None,
    }


def notes(bundle: Bundle) -> list[str]:
    """What a reader should know: what is not protected, and what the RFCs ask for otherwise."""
    found = []
    bodies = []
    for block in bundle.blocks:
        if block.kind in {blocks.INTEGRITY, blocks.CONFIDENTIALITY}:
            try:
                bodies.append((block.kind, asb.read(block.data)))
            except Rejected:
                found.append(f"block {block.number} is encrypted or no security block")
    targets = {target for _, body in bodies for target in body.targets}
    if 1 not in targets:
        found.append("the payload is not protected")
    if bundle.primary.crc == crc.NONE and 0 not in targets:
        found.append("the primary block has neither check sum nor integrity block (RFC 9171, 4.3.1)")
    if not bundle.primary.created and bundle.first(blocks.AGE) is None:
        found.append("no creation time and no bundle age (RFC 9171, 4.2.7)")
    if any(body.context == asb.BCB_AES_GCM and len(body.targets) > 1 for _, body in bodies):
        found.append("several targets under one initialisation vector: their keystream is the same")
    return found
