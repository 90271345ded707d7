"""The methods report on protocols, coders, rubric and labelling, in sentences to quote."""

from __future__ import annotations

from cer_assist.domain.labels import Exposure
from cer_assist.domain.prose import Given, Part, Section, Sentence
from cer_assist.views.methods_writer import Writer, day, digest, listed, say, section

SEEN = {
    Exposure.blind: " before the coder had seen any other answer",
    Exposure.after_suggestion: " after the coder had seen the model's suggestion",
    Exposure.prefilled: " with the model's level filled in",
    Exposure.after_peer: " after the coder had learnt something of another coder's label",
    Exposure.unknown: " elsewhere, and what had been seen before them is not known",
}
POLICIES = {
    "hidden": "never shown to coders",
    "after": "shown after the coder's own answer",
    "shown": "shown from the start",
}


def protocols(write: Writer) -> Section:
    """What was there to read."""
    of = write.facts["protocols"]
    name = Given(f"“{write.facts['project']['name']}”")
    if not of["imported"]:
        none = say("The project ", name, " held no protocol when this report was made.")
        return section("protocols", "Protocols", [none])
    number = write.count("protocols.imported", "protocol")
    first, last = day(of["first_import"]), day(of["last_import"])
    when: tuple[Part, ...] = (", imported on ", first) if first == last else ()
    when = when or (", imported between ", first, " and ", last)
    lines = [say("The project ", name, " held ", number, *when, ".")]
    if not of["labelled"]:
        lines.append(say("None of them had been read by a coder when this report was made."))
    elif of["unread"]:
        read, unread = write.count("protocols.labelled"), write.count("protocols.unread")
        lines.append(say("Of these, ", read, " had been read by at least one coder and ", unread,
                         " by none."))  # fmt: skip
    else:
        lines.append(say("All of them had been read by at least one coder."))
    if of["are_synthetic"]:
        lines.append(say("They were written for demonstration and describe no real studies."))
    return section("protocols", "Protocols", lines)


def coders(write: Writer) -> Section:
    """Who read, and how they were prepared."""
    of = write.facts["coders"]
    lines: list[Sentence] = []
    if of["people"]:
        lines += _people(write)
    elif not of["people_imported"]:
        lines.append(say("Nobody had labelled a protocol when this report was made."))
    if of["people_imported"]:
        people = write.count("coders.people_imported", "coder")
        lines.append(say("The readings of ", people, " were imported; what had been seen before "
                         "them and how long they took is not known."))  # fmt: skip
    return section("coders", "Coders and training", lines, _training(write))


def _people(write: Writer) -> list[Sentence]:
    of = write.facts["coders"]
    first, last = day(of["first_day"]), day(of["last_day"])
    when: tuple[Part, ...] = ("On ", first) if first == last else ("Between ", first, " and ", last)
    people = write.count("coders.people", "coder")
    if of["people"] == 1:
        one = write.count("coders.most", "reading")
        lines = [say(*when, ", ", people, " labelled protocols and gave ", one, ".")]
    else:
        most = write.count("coders.most", "reading")
        each: tuple[Part, ...] = (most,)
        if of["fewest"] < of["most"]:
            each = ("between ", write.count("coders.fewest"), " and ", most)
        lines = [say(*when, ", ", people, " labelled protocols and gave ", *each, " each.")]
    if of["leads"]:
        lines.append(say("Of these, ", write.count("coders.leads", "person", "people"),
                         " also led or administered the project."))  # fmt: skip
    if of["timed"]:
        lines.append(say("A reading took a median of ", write.whole("coders.median_seconds"),
                         " seconds (",
                         write.count("coders.timed", "timed reading"), ")."))  # fmt: skip
    return lines


def _training(write: Writer) -> list[Sentence]:
    of, settings = write.facts["training"], write.facts["settings"]["now"]
    if settings["qualifies_first"]:
        items = write.count("settings.now.training_items", "practice protocol")
        far = " with none more than one level off," if settings["training_no_far"] else ""
        lines = [say("Coders had to pass a round of training before they were given protocols to "
                     "label: of ", items, " of known level they had to name at least ",
                     write.share("settings.now.training_mark"), f" exactly,{far} with an "
                     "explanation after each answer.")]  # fmt: skip
    else:
        lines = [say("Coders did not have to pass a training before they labelled.")]
    if of["rounds"]:
        lines.append(say("In all, ", write.count("training.rounds", "round"), " of training ",
                         write.was("training.rounds"), " finished and ",
                         write.count("training.passed", "coder"), " passed; in their first rounds "
                         "coders were right in ", write.count("training.first_right"), " of ",
                         write.count("training.first_answers", "answer"), "."))  # fmt: skip
    if of["checks"]:
        lines.append(say("Of ", write.count("training.checks", "answer"), " to unannounced "
                         "protocols of known level, ", write.count("training.checks_right"),
                         " named that level."))  # fmt: skip
    return lines


def rubric(write: Writer) -> Section:
    """The scale and its versions."""
    of = write.facts["rubric"]
    low, high = (Given(f"{at} ({of['names'][str(at)]})") for at in (of["lowest"], of["highest"]))
    lines = [say("Protocols were labelled by the rubric ", Given(f"“{of['title']}”"), " (",
                 Given(of["id"]), "), an ordinal scale of ", write.count("rubric.levels", "level"),
                 " from ", low, " to ", high, ".")]  # fmt: skip
    for one in of["versions"]:
        name, key = Given(f"Version {one['number']}"), f"labels.by_rubric.{one['number']}"
        published = "stored on " if one["is_first"] else "published on "
        start: tuple[Part, ...] = (name, " (", published, day(one["at"]), ", ",
                                   digest(one["sha256"]), ")")  # fmt: skip
        if str(one["number"]) not in write.facts["labels"]["by_rubric"]:
            lines.append(say(*start, " had no reading that stands."))
            continue
        number = write.count(key, "reading")
        lines.append(say(*start, " was the one by which ", number, " ", write.was(key), " made."))
    paragraphs = [lines]
    if of["source"]:
        paragraphs.append([say("The source of the scale, as the rubric names it: ",
                               Given(of["source"]))])  # fmt: skip
    return section("rubric", "Rubric", *paragraphs)


def labelling(write: Writer) -> Section:
    """What coders had seen, and under which policy."""
    of = write.facts["labels"]
    if not of["readings"]:
        none = say("No reading stood when this report was made.")
        return section("labelling", "Labelling", [none], _policy(write))
    number = write.count("labels.readings", "reading")
    lines = [say("In all, ", number, " stood when this report was made.")]
    parts: list[tuple[Part, ...]] = [
        (write.count(f"labels.seen.{one}"), " (", write.share(f"labels.share.{one}"), ")", words)
        for one, words in SEEN.items()
        if of["seen"][one]
    ]
    lines.append(say("They were given as follows: ", *listed(parts), "."))
    if of["corrections"]:
        lines.append(say("Not among them ", write.was("labels.corrections"), " ",
                         write.count("labels.corrections", "answer"), " that coders had replaced "
                         "or taken back."))  # fmt: skip
    return section("labelling", "Labelling", lines, _policy(write), _effect(write))


def _policy(write: Writer) -> list[Sentence]:
    """When the suggestion was shown, and every change of that."""
    settings = write.facts["settings"]
    stands = POLICIES[settings["now"]["suggestion_policy"]]
    changes = [
        (at, one)
        for at, one in enumerate(settings["changes"])
        if one["setting"] in ("suggestion_policy", "no_suggestion_share")
    ]
    lines = [say(f"The model's suggestion was {stands} when this report was made.")]
    if not any(one["setting"] == "suggestion_policy" for _, one in changes):
        lines.append(say("The audit holds no change of this policy."))
    for at, _ in changes:
        lines.append(_change(write, at))
    share = settings["now"]["no_suggestion_share"]
    if share and settings["now"]["suggestion_policy"] != "hidden":
        lines.append(say("By lot, ", write.share("settings.now.no_suggestion_share"), " of the "
                         "readings were to have no suggestion at all."))  # fmt: skip
    lots = write.facts["labels"]["by_lot"]
    if lots["none"] or lots["suggestion"]:
        lines += _by_lot(write)
    else:
        lines.append(say("No reading had gone without a suggestion by lot."))
    return lines


def _by_lot(write: Writer) -> list[Sentence]:
    """What the lot drew; that a reading might have a suggestion does not say that it had one."""
    path = "labels.by_lot."
    then: tuple[Part, ...] = ()
    denied = write.count(f"{path}none")
    if write.get(f"{path}suggestion"):
        then = ("; among the latter, the coder was shown one in ", write.count(f"{path}shown"))
    if write.get(f"{path}nothing"):
        then += (", and in ", write.count(f"{path}nothing"), " there was none to show")
    return [say("Of the readings for which the lot was drawn, it denied a suggestion to ",
                denied, ", whether there was one to show or not, and allowed one to ",
                write.count(f"{path}suggestion"), *then, ".")]  # fmt: skip


def _change(write: Writer, at: int) -> Sentence:
    one = write.facts["settings"]["changes"][at]
    when = ("On ", day(one["at"]))
    if one["setting"] == "suggestion_policy":
        before, after = POLICIES[one["before"]], POLICIES[one["after"]]
        return say(*when, f" this was changed from “{before}” to “{after}”.")
    before_, after_ = (write.share(f"settings.changes.{at}.{name}") for name in ("before", "after"))
    return say(*when, " the share of readings without a suggestion was changed from ", before_,
               " to ", after_, ".")  # fmt: skip


def _effect(write: Writer) -> list[Sentence]:
    """Helping or steering, as far as it can be told."""
    of = write.facts["exposure"]
    if of is None:
        return [say("Whether suggestions helped or steered coders had not been worked out, so it "
                    "is not reported.")]  # fmt: skip
    lines = []
    if write.is_known("exposure.switching.changed"):
        lines.append(say("After seeing the model's level coders changed ",
                         write.percent("exposure.switching.changed"), " of ",
                         write.count("exposure.switching.changed.n", "answer"), "."))  # fmt: skip
    if write.is_known("exposure.switching.right"):
        lines.append(say("Of ", write.count("exposure.switching.right.n", "answer"), " that could "
                         "be judged by somebody else's word, ",
                         write.percent("exposure.switching.right"), " became right and ",
                         write.percent("exposure.switching.wrong"), " became wrong."))  # fmt: skip
    for sight, when in (("after", "after the own answer"), ("shown", "from the start")):
        if write.is_known(f"exposure.differences.{sight}.accuracy"):
            lines.append(say(f"Readings with a suggestion {when} differed in accuracy by ",
                             write.points(f"exposure.differences.{sight}.accuracy"),
                             " from readings that by lot had none."))  # fmt: skip
    if not lines:
        return [say("No reading could show what suggestions did, so it is not reported.")]
    return [*lines, write.made("exposure")]
