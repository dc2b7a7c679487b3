"""Scores the understanding of mails on a folder of real ones: `python -m bench.corpus FOLDER`.

The folder holds `cases.jsonl` (or `mail/cases.jsonl`) and the files beside it; each case has an
id, a kind, an input (`eml`, `text` or `html`) and what its author expects. Every stated
expectation counts once; kinds with fewer than twenty cases count together as `others`.

How an expectation is compared with what was found: `corpus_checks.py`.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.corpus_checks import CHECKS, Subject, score_failures
from services.intake.mail import ParsedMail, understand
from services.intake.mail.html import to_text
from services.intake.mail.html_quotes import without_quotes
from services.intake.mail.html_tokens import tokens_of
from services.intake.mail.reply import extract_reply

FEW = 20
SHOWN_LENGTH_MAX = 110


@dataclass(frozen=True)
class Miss:
    case: str
    kind: str
    key: str
    expected: str
    found: str


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Score mails against what their authors expect.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", help="only cases of this kind")
    parser.add_argument("--full", action="store_true", help="show all that was found")
    chosen = parser.parse_args(arguments)
    home = next(
        (
            path
            for path in (chosen.folder, chosen.folder / "mail")
            if (path / "cases.jsonl").is_file()
        ),
        None,
    )
    if home is None:
        print(f"No cases in {chosen.folder}: nothing to score.")
        return 0
    cases = [
        json.loads(line) for line in (home / "cases.jsonl").read_text("utf-8").splitlines() if line
    ]
    if chosen.kind:
        cases = [case for case in cases if case["kind"] == chosen.kind]
    disputed = [case["id"] for case in cases if case.get("policy")]
    report([case for case in cases if not case.get("policy")], home, full=chosen.full)
    if disputed:
        print(f"\nNot scored, because authors disagree on purpose: {', '.join(disputed)}")
    return 0


def report(cases: list[dict[str, Any]], home: Path, *, full: bool) -> None:
    """Score all cases and print the shares and the misses."""
    met: Counter[str] = Counter()
    stated: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    misses: list[Miss] = []
    sizes = Counter(case["kind"] for case in cases)
    unknown: Counter[str] = Counter()
    for case in cases:
        kind = case["kind"] if sizes[case["kind"]] >= FEW else "others"
        results = list(score(case, home))
        failed = [miss for ok, miss in results if not ok]
        met[kind] += len(results) - len(failed)
        stated[kind] += len(results)
        whole[kind] += not failed
        misses += failed
        unknown.update(key for key in case["expected"] if key not in CHECKS)
    for miss in misses:
        found = miss.found if full else miss.found[:SHOWN_LENGTH_MAX]
        print(
            f"{miss.case:42} {miss.kind:17} {miss.key:18} wants {miss.expected[:SHOWN_LENGTH_MAX]}"
        )
        print(f"{'':42} {'':17} {'':18} found {found}")
    counts = Counter(case["kind"] if sizes[case["kind"]] >= FEW else "others" for case in cases)
    by_key = Counter(miss.key for miss in misses)
    if unknown:
        print(f"\nNot scored, because unknown here: {dict(unknown)}")
    if by_key:
        print("\nMissed, by expectation: " + ", ".join(f"{k} {n}" for k, n in by_key.most_common()))
    print(f"\n{'kind':20} {'cases':>6} {'all met':>8} {'expectations':>13} {'met':>6} {'share':>7}")
    for kind in sorted(stated):
        print(_row(kind, counts[kind], whole[kind], stated[kind], met[kind]))
    print(_row("all", len(cases), whole.total(), stated.total(), met.total()))


def _row(name: str, cases: int, whole: int, stated: int, met: int) -> str:
    share = f"{100 * met / stated:.1f} %" if stated else "–"
    return f"{name:20} {cases:6} {whole:8} {stated:13} {met:6} {share:>7}"


def score(case: dict[str, Any], home: Path) -> Iterator[tuple[bool, Miss]]:
    """(met, what was missed) for each expectation of a case."""
    expected = case["expected"]
    weak = set(case.get("weak_fields", ()))
    if "body" in weak:
        weak |= {"body_contains", "body_text", "body_not_contains"}
    try:
        subject = subject_of(case, (home / case["file"]).read_bytes())
    except Exception as error:  # noqa: BLE001 - the very thing that is looked for
        for key in expected:
            yield False, Miss(case["id"], case["kind"], key, "no exception", repr(error))
        return
    for key, wanted in expected.items():
        if key in weak or key not in CHECKS:
            continue
        if key == "failures":
            for met, field, stated, found in score_failures(subject.mail, wanted):
                yield met, Miss(case["id"], case["kind"], field, stated, found)
            continue
        outcome = CHECKS[key](subject, wanted)
        yield outcome is True, Miss(case["id"], case["kind"], key, repr(wanted), repr(outcome))


def subject_of(case: dict[str, Any], raw: bytes) -> Subject:
    """What is made of the case's input."""
    if case["input"] == "eml":
        mail = understand(raw)
        return Subject(mail, mail.reply_text, mail.signature_text)
    text = raw.decode("utf-8", "replace").replace("#sig#", "")
    if case["input"] == "html":
        text = to_text(without_quotes(tokens_of(text))[0])
    reply = extract_reply(text, sender=case.get("sender", ""))
    return Subject(ParsedMail(text=text), reply.text, reply.signature)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
