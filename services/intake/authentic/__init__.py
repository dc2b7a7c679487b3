"""Owns the question who really sent a mail: SPF, DKIM, DMARC and ARC, asked or believed.

Libraries answer for SPF and DKIM; what they may ask the DNS goes through a `Resolver` that is
handed in. A mail that comes through a server of ours is not asked about: that server has seen
who sent it, and its `Authentication-Results` (RFC 8601) are believed, if its name is trusted.
"""

from services.intake.authentic.authenticator import Authenticator
from services.intake.authentic.resolver import Resolver, SystemResolver, Unanswered

__all__ = ["Authenticator", "Resolver", "SystemResolver", "Unanswered"]
