"""The methods report on the suggestions that coders were shown: of which versions, how good."""

from __future__ import annotations

from cer_assist.domain.model_kinds import MODEL_KINDS
from cer_assist.domain.prose import Given, Part, Sentence
from cer_assist.views.methods_references import OF_KIND
from cer_assist.views.methods_writer import Writer, say

_OTHERS = "suggestions.others."


def suggested(write: Writer) -> list[Sentence]:
    """How many suggestions were shown of each version, and what it rested on."""
    of = write.facts["suggestions"]
    if not of["readings"]:
        return [say("No reading that stands had been given with a suggestion.")]
    lines = [say("In ", write.count("suggestions.readings", "reading"), " the coder was shown a "
                 "suggestion, before the answer or right after it.")]  # fmt: skip
    lines += [_version(write, at) for at in range(of["told"])]
    if of["others"]:
        lines.append(_others(write))
    return lines


def kind_words(write: Writer, kind: str) -> tuple[Part, ...]:
    """What a version is made of, with what described it first."""
    words: tuple[Part, ...] = ("made from the rubric alone",)
    if kind in MODEL_KINDS:
        title = MODEL_KINDS[kind].title
        words = ("of the kind “", Given(f"{title[0].lower()}{title[1:]}"), "”")
    return (*words, " ", write.cite(OF_KIND[kind])) if kind in OF_KIND else words


def _version(write: Writer, at: int) -> Sentence:
    of, path = write.facts["suggestions"]["versions"], f"suggestions.versions.{at}."
    which: tuple[Part, ...] = ("version ", Given(str(of[at]["version"])))
    those: tuple[Part, ...] = ("All of these suggestions",)
    if len(of) > 1:
        those = ("Of these suggestions ", write.count(f"{path}readings"))
    if of[at]["is_used"]:
        return say(*those, " came from ", *which, ", the one in use.")
    return say(*those, " came from ", *which, ", ", *kind_words(write, of[at]["kind"]), "; it had "
               "learnt ", write.count(f"{path}labels", "settled protocol"), *_reached(write, at),
               ".")  # fmt: skip


def _reached(write: Writer, at: int) -> tuple[Part, ...]:
    of, path = write.facts["suggestions"]["versions"][at], f"suggestions.versions.{at}.measured."
    if of["measured"] is None or not write.is_known(f"{path}qwk"):
        return (" and had not been measured on labelled protocols",)
    figure, number = write.figure(f"{path}qwk"), write.count(f"{path}n", "labelled protocol")
    kappa = "quadratically weighted kappa"
    if of["measured"]["version"] == of["version"]:
        return f"; its {kappa} was ", figure, " on ", number, " that it had not read"
    before = Given(str(of["measured"]["version"]))
    return (f"; {kappa} of version ", before, ", from which it had learnt on, was ", figure, " on ",
            number, " that this one had not read")  # fmt: skip


def _others(write: Writer) -> Sentence:
    few, most = (write.count(f"{_OTHERS}{name}_labels") for name in ("fewest", "most"))
    measured: tuple[Part, ...] = ("; none of these had been measured on labelled protocols",)
    if write.get(f"{_OTHERS}measured"):
        low, high = (write.decimal(f"{_OTHERS}{name}_qwk") for name in ("lowest", "highest"))
        measured = ("; where it had been measured (", write.count(f"{_OTHERS}measured", "version"),
                    "), quadratically weighted kappa on labelled protocols that had not been read "
                    "was between ", low, " and ", high)  # fmt: skip
    return say("The other ", write.count(f"{_OTHERS}readings"), " came from ",
               write.count(f"{_OTHERS}versions", "further version"), ", which had learnt between ",
               few, " and ", most, " settled protocols", *measured, ".")  # fmt: skip
