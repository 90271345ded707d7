"""The methods report on double coding, agreement, adjudication and final levels."""

from __future__ import annotations

from typing import Any

from cer_assist.domain.adjudication import REASONS, Reason
from cer_assist.domain.prose import Given, Part, Section, Sentence
from cer_assist.views.methods_writer import Writer, listed, say, section

_MADE = "agreement.coefficients."
TWO = 2  # coders, of whom a kappa is Cohen's
TRACKS = {
    "near": " with readings one level apart",
    "far": " with readings two or more levels apart",
    "agreed": " on which all readings agreed and which were confirmed",
}


def double(write: Writer) -> Section:
    """What was read twice, and how far readers agreed."""
    of, settings = write.facts["double"], write.facts["settings"]["now"]
    plan: list[Part] = ["Each protocol was to be read by ",
                        write.count("settings.now.coders_per_protocol", "coder")]  # fmt: skip
    if write.facts["sample"]["size"] and settings["coders_per_protocol"] < TWO:
        plan.append(", those of the fenced sample by two")
    if settings["double_coded_share"]:
        plan += [", and ", write.share("settings.now.double_coded_share"), " of protocols by one "
                 "coder more, unannounced"]  # fmt: skip
    lines = [say(*plan, ".")]
    if not of["protocols"]:
        lines.append(say("No protocol had been read by two coders, so agreement is not reported."))
        return section("agreement", "Double coding and agreement", lines)
    lines.append(say("In fact ", write.count("double.protocols", "protocol"), " (",
                     write.share("double.share"), " of those that were read) ",
                     write.was("double.protocols"), " read by at least two coders."))  # fmt: skip
    title = "Double coding and agreement"
    return section("agreement", title, lines, _coefficients(write), _again(write))


def _coefficients(write: Writer) -> list[Sentence]:
    of = write.facts["agreement"]
    if of is None:
        return [say("Agreement had not been worked out when this report was made, so it is not "
                    "reported.")]  # fmt: skip
    if not of["protocols"]:
        return [say("No protocol had two independent readings, so agreement is not reported.")]
    lines = [say("Independent are readings that were given before their coder had seen any other "
                 "answer, even if replaced later; only protocols counted that wanted no "
                 "further reader."),
             say("On ", write.count("agreement.protocols", "protocol"), " that at least two of ",
                 write.count("agreement.coders", "coder"), " had read independently, ",
                 *_first(write), ".")]  # fmt: skip
    others = _others(write)
    if others:
        lines.append(say("By other measures, ", *listed(others), "."))
    if write.is_known(f"{_MADE}percent"):
        lines.append(say("Two coders gave the same level in ", write.percent(f"{_MADE}percent"),
                         " of pairs of readings and were at most one level apart in ",
                         write.percent(f"{_MADE}within_one"), "."))  # fmt: skip
    lines.append(say("Intervals of coefficients are from bootstrap samples of protocols, those of "
                     "shares from Wilson's formula ", write.cite("wilson"), "."))  # fmt: skip
    lines += [_warning(at, one, write) for at, one in enumerate(of["warnings"])]
    return [*lines, write.made("agreement")]


def _first(write: Writer) -> tuple[Part, ...]:
    if not write.is_known(f"{_MADE}alpha_ordinal"):
        return ("Krippendorff's ordinal alpha was not defined",)
    cited = write.cite("krippendorff")
    return "Krippendorff's ordinal alpha was ", write.figure(f"{_MADE}alpha_ordinal"), " ", cited


def _others(write: Writer) -> list[tuple[Part, ...]]:
    found: list[tuple[Part, ...]] = []
    if write.is_known(f"{_MADE}kappa_quadratic"):
        more = ("conger",) if write.facts["agreement"]["coders"] > TWO else ()
        found.append(("quadratically weighted kappa was ", write.figure(f"{_MADE}kappa_quadratic"),
                      " ", write.cite("cohen", *more)))  # fmt: skip
    if write.is_known(f"{_MADE}ac2"):
        found.append(("Gwet's ", Given("AC2"), " with ordinal weights was ",
                      write.figure(f"{_MADE}ac2"), " ", write.cite("gwet")))  # fmt: skip
    return found


def _warning(at: int, one: dict[str, Any], write: Writer) -> Sentence:
    """What the figure can bear, as the Agreement page says it."""
    key = f"agreement.warnings.{at}"
    match one["fact"]:
        case "few_units":
            few, wanted = write.count(f"{key}.units", "protocol"), write.count(f"{key}.wanted")
            return say("With only ", few, ", fewer than ", wanted, ", intervals are too narrow "
                       "themselves.")  # fmt: skip
        case "skewed":
            return say("As ", write.share(f"{key}.share"), " of the readings gave level ",
                       Given(str(one["level"])), ", coefficients that correct for chance are low "
                       "although coders agree.")  # fmt: skip
        case "unused_levels":
            levels = [(Given(str(level)),) for level in one["levels"]]
            return say("No reading gave level ", *listed(levels, "or"), ", so the figures say "
                       "nothing of how well such protocols are told apart.")  # fmt: skip
        case "perfect" if one["coefficients"] == ["within_one"]:
            return say("That no two readings lay more than one level apart holds for these "
                       "protocols and need not hold for others.")  # fmt: skip
        case "perfect":
            return say("Full agreement by a coefficient shows that none of these protocols "
                       "differed, not that none would.")  # fmt: skip
        case "lone_coders":
            return say("At least one coder read no protocol that anybody else had read.")
        case _:
            return say("Two of the coefficients lie ", write.decimal(f"{key}.difference"),
                       " apart, for they differ in what they take for chance.")  # fmt: skip


def _again(write: Writer) -> list[Sentence]:
    """Coders against themselves; nothing where nobody read anything twice."""
    of = write.facts["agreement"]
    if of is None or not of["again"]["pairs"]:
        return []
    return [say("Of ", write.count("agreement.again.pairs", "protocol"), " that ",
                write.count("agreement.again.coders", "coder"), " read a second time unannounced, ",
                write.count("agreement.again.same"), " got the same level again.")]  # fmt: skip


def settling(write: Writer) -> Section:
    """Who decided what coders differed on, and why they had."""
    of, settings = write.facts["settling"], write.facts["settings"]["now"]
    title, lines = "Adjudication", []
    if settings["adjudicators"] > 1:
        lines.append(say("A disagreement was settled once ",
                         write.count("settings.now.adjudicators", "adjudicator"),
                         " had given the same level, blind to one another."))  # fmt: skip
    if of["imported"]:
        lines.append(say("For ", write.count("settling.imported", "protocol"), " the final level "
                         "was imported; who settled it and how is not known."))  # fmt: skip
    if not of["decided"]:
        lines.append(say("No disagreement had been settled in the program."))
        return section("adjudication", title, lines)
    lines.append(say("In the program, ", write.count("settling.adjudicators", "adjudicator"),
                     " settled ", write.count("settling.decided", "protocol"), ": ",
                     *_parts(write, "settling.tracks", TRACKS), "."))  # fmt: skip
    reasons = {str(one): f" by a {REASONS[one][1].lower()}" for one in Reason}
    reasons[Reason.overlooked_text] = " by overlooked text"
    reasons[Reason.ambiguous_text] = " by an ambiguous text"
    if any(of["reasons"].values()):
        lines.append(say("The differences were explained as follows: ",
                         *_parts(write, "settling.reasons", reasons), "."))  # fmt: skip
    if of["sent_back"]:
        lines.append(say("To their coders ", write.count("settling.sent_back", "protocol"), " ",
                         write.was("settling.sent_back"), " sent back."))  # fmt: skip
    if of["by_party"]:
        lines.append(_party(write))
    return section("adjudication", title, lines)


def _party(write: Writer) -> Sentence:
    return say("Of the decisions, ", write.count("settling.by_party"), " ",
               write.was("settling.by_party"), " made by somebody who had read the protocol as a "
               "coder.")  # fmt: skip


def _parts(write: Writer, path: str, words: dict[str, str]) -> tuple[Part, ...]:
    """Counts with their words, those of nothing left out."""
    known = write.get(path)
    return listed(
        [(write.count(f"{path}.{name}"), said) for name, said in words.items() if known[name]]
    )


def finals(write: Writer) -> Section:
    """The levels that analyses use."""
    of, names = write.facts["finals"], write.facts["rubric"]["names"]
    rule = say(
        "The final level of a protocol was the adjudicated one if there was one, otherwise "
        "the level on which all of its coders agreed, or which its only coder gave."
    )
    lines = [rule]
    if not of["protocols"]:
        lines.append(say("No protocol had a final level when this report was made."))
        return section("finals", "Final levels", lines)
    ways = {
        "adjudicated": " by a final label, adjudicated or imported",
        "agreed": " by agreement",
        "single": " by a single coder",
    }
    lines.append(say("A final level stood for ", write.count("finals.protocols", "protocol"), ": ",
                     *_parts(write, "finals", ways), "."))  # fmt: skip
    levels: list[tuple[Part, ...]] = [
        (write.count(f"finals.by_level.{level}"), " on level ", Given(f"{level} ({name})"))
        for level, name in names.items()
    ]
    lines.append(say("By level there were ", *listed(levels), "."))
    if of["disagreed"]:
        lines.append(say("On ", write.count("finals.disagreed", "other protocol"), " coders "
                         "differed and nobody had settled the level."))  # fmt: skip
    if of["waiting"]:
        lines.append(say("Not counted ", write.was("finals.waiting"), " ",
                         write.count("finals.waiting", "protocol"), " with a level that still "
                         "wanted a reader."))  # fmt: skip
    return section("finals", "Final levels", lines)
