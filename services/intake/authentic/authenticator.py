"""Who really sent a mail: asked of the DNS, or believed of a server of ours."""

import asyncio
import ipaddress
from collections.abc import Sequence

from services.intake.authentic.arc import check_arc
from services.intake.authentic.checks import Signature, check_dkim, check_spf
from services.intake.authentic.dmarc import Policy, is_aligned, policy_of
from services.intake.authentic.resolver import Resolver, Unanswered
from services.intake.authentic.results import believed
from services.intake.mail import ParsedMail
from services.intake.placing import Envelope
from shared.events.intake import Authenticity, Verdict

CHECK_SECONDS_MAX = 20.0
US = "us"


class Authenticator:
    """Finds out how far a mail is its author's."""

    def __init__(
        self,
        resolver: Resolver,
        trusted_networks: Sequence[str],
        trusted_servers: Sequence[str],
        trusted_forwarders: Sequence[str] = (),
    ) -> None:
        self._resolver = resolver
        self._networks = [ipaddress.ip_network(each) for each in trusted_networks]
        self._forwarders = frozenset(each.casefold() for each in trusted_forwarders)
        self._servers = frozenset(each.casefold() for each in trusted_servers)

    async def of(self, raw: bytes, mail: ParsedMail, envelope: Envelope) -> Authenticity | None:
        """What could be found out; None where nobody could tell."""
        if mail.problem is not None:
            return None
        if self._is_ours(envelope.peer):
            return believed(mail.authentication_results, self._servers)
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                return await asyncio.to_thread(self._asked, raw, mail, envelope)
        except (TimeoutError, Unanswered):
            return Authenticity(dmarc="temperror", checked_by=US)

    def _is_ours(self, peer: str) -> bool:
        """Whether a server of ours has it from elsewhere: its address tells nothing."""
        if not peer:
            return True
        address = ipaddress.ip_address(peer)
        return any(address in network for network in self._networks)

    def _asked(self, raw: bytes, mail: ParsedMail, envelope: Envelope) -> Authenticity:
        author = mail.from_address.rpartition("@")[2].casefold()
        spf = check_spf(self._resolver, envelope.peer, envelope.sender, envelope.helo)
        signatures = check_dkim(self._resolver, raw)
        policy = policy_of(self._resolver, author)
        sender = (envelope.sender or f"@{envelope.helo}").rpartition("@")[2].casefold()
        by_spf = spf == "pass" and _aligned_by_spf(author, sender, policy)
        by_dkim = any(_aligned_by_dkim(author, one, policy) for one in signatures)
        aligned = (by_spf or by_dkim) and not mail.several_authors
        chain = check_arc(self._resolver, raw)
        vouched = chain.vouches(author, self._forwarders) and not mail.several_authors
        return Authenticity(
            spf=spf,
            dkim=_best(signatures),
            dmarc=_dmarc(policy, aligned=aligned),
            policy=policy.policy if policy else "none",
            verdict=_verdict(policy, spf, aligned=aligned or vouched, several=mail.several_authors),
            checked_by=US,
            arc=chain.result,
            forwarder=chain.last if chain.result == "pass" else "",
        )


def _aligned_by_spf(author: str, sender: str, policy: Policy | None) -> bool:
    return is_aligned(author, sender, strict=policy is not None and policy.strict_spf)


def _aligned_by_dkim(author: str, one: Signature, policy: Policy | None) -> bool:
    strict = policy is not None and policy.strict_dkim
    return one.result == "pass" and is_aligned(author, one.domain, strict=strict)


def _best(signatures: Sequence[Signature]) -> str:
    results = [one.result for one in signatures]
    return "pass" if "pass" in results else next(iter(results), "none")


def _dmarc(policy: Policy | None, *, aligned: bool) -> str:
    if policy is None:
        return "none"
    return "pass" if aligned else "fail"


def _verdict(policy: Policy | None, spf: str, *, aligned: bool, several: bool) -> Verdict:
    """A domain without a policy still says who may send for it, if SPF forbids the rest."""
    if aligned:
        return Verdict.PASSED
    refused = policy is not None or spf == "fail" or several
    return Verdict.FAILED if refused else Verdict.NONE
