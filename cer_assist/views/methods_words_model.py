"""The methods report on the model, on what chose protocols, and on software."""

from __future__ import annotations

from cer_assist.domain.prose import Given, Part, Section, Sentence
from cer_assist.views.methods_words_suggested import kind_words, suggested
from cer_assist.views.methods_writer import Writer, day, digest, listed, say, section

_SAMPLE = "sample.estimate."
_SHARES = ("random_share", "diverse_share", "rare_share", "double_coded_share")
SIGNALS = {
    "fence": "the fenced sample told the quality exactly enough",
    "flat": "more labels would hardly have made the model better",
    "wrong": "few enough levels would have been wrong",
}


def model(write: Writer) -> Section:
    """What suggested levels, and how good it was."""
    of = write.facts["model"]
    if of is None:
        none = say("No model had been trained when this report was made.")
        return section("model", "Model", [none], _fenced(write))
    lines = [_in_use(write)]
    if of["reads_encoder"]:
        tuned: tuple[Part, ...] = (", unchanged",)
        if of["encoder_sha256"]:
            tuned = (", its upper layers tuned on the project's labels (",
                     digest(of["encoder_sha256"]), ")")  # fmt: skip
        lines.append(say("It read protocols through the language model ",
                         Given("all-MiniLM-L6-v2"), " ", write.cite("wang", "reimers"), *tuned,
                         "."))  # fmt: skip
    shown = write.facts["suggestions"]
    if shown["readings"] and not any(one["is_used"] for one in shown["versions"]):
        lines.append(say("None of the suggestions that coders were shown came from it."))
    if of["is_pinned"]:
        lines.append(say("The version had been pinned by a lead."))
    return section("model", "Model", suggested(write), lines, _fenced(write), _measured(write))


def _in_use(write: Writer) -> Sentence:
    of = write.facts["model"]
    alone: tuple[Part, ...] = (", the only one published,",)
    if of["published"] > 1:
        alone = (", one of ", write.count("model.published", "published version"), ",")
    return say("The version in use when this report was made, version ",
               Given(str(of["version"])), " (", digest(of["sha256"]), "), was ",
               *kind_words(write, of["kind"]), "; it was made on ", day(of["made_at"]), *alone,
               " and had learnt ", write.count("model.labels", "settled protocol"),
               ".")  # fmt: skip


def _fenced(write: Writer) -> list[Sentence]:
    """Quality on protocols that nobody chose."""
    of = write.facts["sample"]
    if not of["size"]:
        return [say("No fenced sample was drawn, so the model's performance on protocols that "
                    "nobody chose is not reported.")]  # fmt: skip
    lines = [_drawn(write, at) for at in range(len(of["draws"]))]
    lines.append(say("No model learnt from this fenced sample. Two coders were to read each of its "
                     "protocols without having seen what the model said; only where such readings "
                     "agreed, or an adjudicator decided, was its level settled."))  # fmt: skip
    if of["estimate"] is None:
        return [*lines, say("Of its protocols, ", write.count("sample.standing.settled"), " ",
                            write.was("sample.standing.settled"), " settled, and no figure of the "
                            "version in use had been made, so its performance is not "
                            "reported.")]  # fmt: skip
    return [*lines, *_estimated(write)]


def _estimated(write: Writer) -> list[Sentence]:
    of = write.facts["sample"]["estimate"]
    lines = [say("On ", write.count(f"{_SAMPLE}n", "settled protocol"), " of the sample, version ",
                 Given(str(of["version"])), " gave exactly the readers' level in ",
                 write.percent(f"{_SAMPLE}accuracy"), *_qwk(write, _SAMPLE), ".")]  # fmt: skip
    if of["differ"]:
        lines.append(say("Missing ", write.was(f"{_SAMPLE}differ"), " ",
                         write.count(f"{_SAMPLE}differ", "protocol"), " on which such readings "
                         "differed and which nobody had settled."))  # fmt: skip
    part = ""
    if of["population"]:  # unknown of several draws
        part = ", all narrowed by the sample's part in the protocols that it was drawn from"
    lines.append(say("The interval of the share is from Wilson's formula ", write.cite("wilson"),
                     f", others are from bootstrap samples of protocols{part}."))  # fmt: skip
    return [*lines, say("These figures were made on ", day(of["made_at"]), ".")]


def _drawn(write: Writer, at: int) -> Sentence:
    key = f"sample.draws.{at}"
    return say("On ", day(write.get(f"{key}.at")), ", ", write.count(f"{key}.drawn", "protocol"),
               " ", write.was(f"{key}.drawn"), " drawn at random from ",
               write.count(f"{key}.unread"), " that nobody had read.")  # fmt: skip


def _qwk(write: Writer, path: str) -> tuple[Part, ...]:
    found: tuple[Part, ...] = ()
    if write.is_known(f"{path}qwk"):
        found += ("; quadratically weighted kappa was ", write.figure(f"{path}qwk"))
    if write.is_known(f"{path}mae"):
        found += ("; the mean distance was ", write.distance(f"{path}mae"), " levels")
    return found


def _measured(write: Writer) -> list[Sentence]:
    """Out of fold."""
    of = write.facts["model"]["measured"]
    path = "model.measured."
    if of is None or not write.is_known(f"{path}accuracy"):
        return [say("The version has not been measured on labelled protocols.")]
    lines = [say("On ", write.count(f"{path}n", "labelled protocol"), ", each judged by a model "
                 "that had read neither it nor a near-copy of it, version ",
                 Given(str(of["version"])), " gave exactly the settled level in ",
                 write.percent(f"{path}accuracy"), *_qwk(write, path), "; these "
                 "protocols have a settled level and may in part have been chosen by the model, so "
                 "they are not a random sample of all."),
             say("These intervals are from bootstrap samples of protocols.")]  # fmt: skip
    if of["since"]:
        lines.append(say("Since then it learnt ", write.count(f"{path}since", "further label"),
                         " without being measured anew."))  # fmt: skip
    return lines


def choosing(write: Writer) -> Section:
    """Active learning: strategies and shares, training, stopping."""
    settings = write.facts["settings"]["now"]
    parts: list[tuple[Part, ...]] = []
    if round(write.facts["settings"]["uncertain_share"], 3):
        parts.append((write.share("settings.uncertain_share"), " what the model was unsure of, "
                      "chosen to differ from one another ", write.cite("ash")))  # fmt: skip
    if settings["rare_share"]:
        rare = " what was likely of a level with few labels"
        parts.append((write.share("settings.now.rare_share"), rare))
    if settings["diverse_share"]:
        parts.append((write.share("settings.now.diverse_share"), " what was least like the "
                      "labelled ", write.cite("sener")))  # fmt: skip
    if settings["random_share"]:
        parts.append((write.share("settings.now.random_share"), " drawn at random"))
    lines = [
        say("The queue was set, second readings apart, to give these shares: ", *listed(parts), ".")
    ]
    changes = [
        (at, one["setting"])
        for at, one in enumerate(write.facts["settings"]["changes"])
        if one["setting"] in _SHARES
    ]
    lines += [_changed(write, at, name) for at, name in changes]
    lines += _served(write)
    batch = say("The model was set to learn on after every ",
                write.count("settings.now.retrain_every", "new label"),
                " and to be fitted anew when nobody had labelled for ",
                write.count("settings.now.retrain_idle_seconds"), " seconds.")  # fmt: skip
    return section("choosing", "Active learning", lines, [batch], _stopping(write))


def _changed(write: Writer, at: int, name: str) -> Sentence:
    words = {
        "random_share": "drawn at random",
        "diverse_share": "least like the labelled",
        "rare_share": "likely of a rare level",
        "double_coded_share": "read by one coder more",
    }[name]
    before, after = (write.share(f"settings.changes.{at}.{end}") for end in ("before", "after"))
    when = day(write.get(f"settings.changes.{at}.at"))
    return say("On ", when, f" the share of protocols {words} was changed from ", before, " to ",
               after, ".")  # fmt: skip


def _served(write: Writer) -> list[Sentence]:
    of = write.facts["serving"]["reasons"]
    parts: list[tuple[Part, ...]] = [
        (write.count(f"serving.reasons.{at}.answered"), f" ({one['words']})")
        for at, one in enumerate(of)
        if one["answered"]
    ]
    if not parts:
        return [say("No protocol that the queue gave had been labelled.")]
    return [say("Counted by reading, so that a protocol that two coders read counts twice, "
                "labelled protocols had been given for these reasons: ", *listed(parts),
                ".")]  # fmt: skip


def _stopping(write: Writer) -> list[Sentence]:
    """The rule that was set, and what was decided."""
    of = write.facts["stopping"]
    rule = say("Whether to stop was the lead's decision, informed by three signals: that the "
               "fenced sample told quadratically weighted kappa to within ",
               write.decimal("settings.now.accepted_half_width"), ", that more labels would hardly "
               "raise it, and that at most ", write.share("settings.now.accepted_wrong_share"),
               " of all protocols would have a wrong level.")  # fmt: skip
    decision = of["decision"]
    if decision is None:
        return [rule, say("Nobody had decided to stop when this report was made.")]
    did = "labelling was stopped" if decision["stops"] else "it was decided to label on"
    held = [SIGNALS[name] for name in SIGNALS if decision["signals"].get(name)]
    why = f"; at that moment {', and '.join(held)}" if held else "; none of the signals held then"
    return [rule, say("On ", day(decision["at"]), f" {did}{why}.")]


def software(write: Writer) -> Section:
    """What it was done with."""
    of = write.facts["software"]
    names = [f"{title} {version}" for title, version in of["packages"].items() if version]
    lines = [say("This report was made by ", Given(f"CER Assist {of['program']}"), " with ",
                 Given(f"Python {of['python']}"), ", ",
                 *listed([(Given(name),) for name in names]), ", on the database ",
                 Given(f"{of['database']} {of['database_version']}".strip()), ".")]  # fmt: skip
    if any(version is None for version in of["packages"].values()):
        lines.append(say("Not installed where it was made, and so of unknown version: ",
                         *listed([(Given(title),) for title, known in of["packages"].items()
                                  if known is None]), "."))  # fmt: skip
    lines.append(say("Resampling and training used random numbers from seed ",
                     write.count("software.seed"), "; which protocol the queue gave next, and the "
                     "lots, were drawn without a seed that was kept."))  # fmt: skip
    return section("software", "Software", lines)
