"""Who really sent a mail: asked of the DNS, or believed of a server of ours."""

import asyncio
import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from services.intake.authentic.arc import check_arc
from services.intake.authentic.checks import Signature, check_dkim, check_spf
from services.intake.authentic.dmarc import Policy, is_aligned, policy_of
from services.intake.authentic.resolver import Hurried, Resolver, Unanswered
from services.intake.authentic.results import believed
from services.intake.mail import ParsedMail
from services.intake.placing import Envelope
from shared.events.intake import Authenticity, Verdict

CHECK_SECONDS_MAX: Final = 15.0
"""How long a mail is asked about, its author's policy apart; the last question may take longer."""

CHECKED_AT_ONCE: Final = 16
US: Final = "us"


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
        self._threads = ThreadPoolExecutor(CHECKED_AT_ONCE, "authentic")

    async def of(self, raw: bytes, mail: ParsedMail, envelope: Envelope) -> Authenticity | None:
        """What could be found out; None where nobody could tell."""
        if mail.problem is not None:
            return None
        if self._is_ours(envelope.peer):
            return believed(mail, self._servers)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._asked, raw, mail, envelope)

    def _is_ours(self, peer: str) -> bool:
        """Whether a server of ours has it from elsewhere: its address tells nothing."""
        if not peer:
            return True
        address = ipaddress.ip_address(peer)
        return any(address in network for network in self._networks)

    def _asked(self, raw: bytes, mail: ParsedMail, envelope: Envelope) -> Authenticity:
        """The author's policy comes first, and by itself: whoever sends in somebody else's name
        chooses the other domains, and how long their name servers take."""
        author = mail.from_address.rpartition("@")[2].casefold()
        try:
            policy = policy_of(self._resolver, author)
        except Unanswered:
            return Authenticity(dmarc="temperror", checked_by=US)
        resolver = Hurried(self._resolver, CHECK_SECONDS_MAX)
        signatures = check_dkim(resolver, raw, lambda domain: _signs_for(author, domain, policy))
        sender = (envelope.sender or f"@{envelope.helo}").rpartition("@")[2].casefold()
        spf = check_spf(resolver, envelope.peer, envelope.sender, envelope.helo)
        mine = [one.result for one in signatures if _signs_for(author, one.domain, policy)]
        mine += [spf] if _sends_for(author, sender, policy) else []
        aligned = "pass" in mine and not mail.several_authors
        unsure = not aligned and not mail.several_authors and "temperror" in mine
        chain = check_arc(resolver, raw)
        vouched = chain.vouches(author, self._forwarders) and not mail.several_authors
        return Authenticity(
            spf=spf,
            dkim=_best(signatures),
            dmarc="temperror" if unsure else _dmarc(policy, aligned=aligned),
            policy=policy.policy if policy else "none",
            verdict=Verdict.NONE
            if unsure and not vouched
            else _verdict(policy, spf, aligned=aligned or vouched, several=mail.several_authors),
            checked_by=US,
            arc=chain.result,
            forwarder=chain.last if chain.result == "pass" else "",
        )


def _sends_for(author: str, sender: str, policy: Policy | None) -> bool:
    return is_aligned(author, sender, strict=policy is not None and policy.strict_spf)


def _signs_for(author: str, domain: str, policy: Policy | None) -> bool:
    return is_aligned(author, domain, strict=policy is not None and policy.strict_dkim)


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
