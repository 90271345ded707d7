"""The methods report: a text that a paper can quote, in the past tense, its numbers with sources.

What is not known is said to be so. Limitations name themselves from the same facts.
"""

from __future__ import annotations

from typing import Any

from cer_assist.domain.prose import Document, Given, Section, Sentence
from cer_assist.views import methods_words_agreeing as agreeing
from cer_assist.views import methods_words_model as modelling
from cer_assist.views import methods_words_reading as reading
from cer_assist.views.methods_references import REFERENCES
from cer_assist.views.methods_writer import Writer, digest, moment, say, section

FEW_DOUBLE = 0.1  # of the protocols that were read: with fewer, agreement is of few of them
FEW_CODERS = 2
SECTIONS = (
    reading.protocols,
    reading.coders,
    reading.rubric,
    reading.labelling,
    agreeing.double,
    agreeing.settling,
    agreeing.finals,
    modelling.model,
    modelling.choosing,
)


def document(facts: dict[str, Any]) -> Document:
    """The whole text."""
    write = Writer(facts)
    of = facts["as_of"]
    about = say("As of ", moment(of["at"]), ", audit event ", Given(f"{of['event']:,}"), " (",
                digest(of["sha256"]), ").")  # fmt: skip
    parts = [make(write) for make in SECTIONS]
    parts += [_limitations(write), modelling.software(write)]
    cited = tuple(REFERENCES[key][1] for key in sorted(write.cited))
    return Document(f"Methods: {facts['project']['name']}", (about,), tuple(parts), cited, of["at"])


def _limitations(write: Writer) -> Section:
    """Each that holds, an item of a list."""
    found = [*_of_reading(write), *_of_model(write)]
    if not found:
        found = [say("None of the limitations that the program looks for was found.")]
    return section("limitations", "Limitations", *([one] for one in found), is_list=True)


def _of_reading(write: Writer) -> list[Sentence]:
    facts, found = write.facts, []
    share, people = facts["double"]["share"], facts["coders"]["people"]
    if facts["protocols"]["unread"] and facts["protocols"]["labelled"]:
        found.append(say("Not read by anybody ", write.was("protocols.unread"), " ",
                         write.count("protocols.unread", "protocol"), "."))  # fmt: skip
    if 0 < people < FEW_CODERS:
        found.append(say("All readings made in the program are one coder's."))
    if share is not None and share < FEW_DOUBLE:
        found.append(say("Few protocols, ", write.count("double.protocols"), " (",
                         write.share("double.share"), "), were read by two coders."))  # fmt: skip
    agreed = facts["agreement"]
    if agreed is not None and agreed["protocols"] and agreed["warnings"]:
        found.append(say("The coefficients of agreement are to be read with the cautions that "
                         "follow them."))  # fmt: skip
    if facts["labels"]["imported"]:
        found.append(say("What coders had seen before ", write.count("labels.imported",
                         "imported reading"), " is not known to the program."))  # fmt: skip
    if facts["coders"]["leads"]:
        found.append(say("Among the coders ", write.was("coders.leads"), " ",
                         write.count("coders.leads", "person", "people"), " who also led or "
                         "administered the project, and leads see more of others' work than coders "
                         "do."))  # fmt: skip
    if facts["settling"]["by_party"]:
        found.append(say("Of the adjudicated levels, ", write.count("settling.by_party"), " ",
                         write.was("settling.by_party"), " decided by somebody who had read the "
                         "protocol as a coder."))  # fmt: skip
    if facts["finals"]["disagreed"]:
        found.append(say("Unsettled disagreements left ", write.count("finals.disagreed",
                         "protocol"), " without a final level."))  # fmt: skip
    return found


def _of_model(write: Writer) -> list[Sentence]:
    facts, found = write.facts, []
    if not facts["sample"]["size"]:
        found.append(say("No sample was fenced off, so the model's quality on protocols that "
                         "nobody chose is unknown."))  # fmt: skip
    elif facts["sample"]["estimate"] is None:
        found.append(say("Too little of the fenced sample was settled to measure the model on it."))
    seen, lots = facts["labels"]["seen"], facts["labels"]["by_lot"]
    if seen["after_suggestion"] + seen["prefilled"] and not lots["none"]:
        found.append(say("Suggestions were shown, and no reading went without one by lot, so their "
                         "effect cannot be told from that of a second look."))  # fmt: skip
    if any(one["setting"] == "suggestion_policy" for one in facts["settings"]["changes"]):
        found.append(say("When suggestions were shown was changed while the project ran."))
    return found
