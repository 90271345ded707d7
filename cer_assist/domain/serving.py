"""Why a protocol is given to a coder: the strategies, their shares, and what is said of each.

A reason tells a coder nothing of the level the model expects, nor which protocols are read twice
or kept for measuring: those say what ordinary random ones say.
"""

from __future__ import annotations

from dataclasses import dataclass

UNCERTAIN, DIVERSE, RARE = "badge", "coreset", "rare_level"
# What was uncertain went by this before, which `docs/active-learning.md` shows to be worse; such
# servings stay in histories.
FORMERLY_UNCERTAIN = "level_spread"
RANDOM, COLD_START, SECOND_READING = "random", "cold_start", "second_reading"
PINNED, RETURNED, PICKED, TAKEN_BACK = "pinned", "returned", "picked", "taken_back"
# What a coder was asked to read by name: dealt by a lead, sent back by an adjudicator, or asked for
# once more, for which the note says why.
ASSIGNED, SENT_BACK, REREAD = "assigned", "sent_back", "reread"
# One of these that the coder skipped: never stored, it is served and told as what it is.
PUT_OFF = "put_off"
# The coder's answer may still stand, and is asked for once more.
ASKED_AGAIN = (SENT_BACK, REREAD)
# A random one of the fenced sample: never stored, it is served and told as any random one.
FENCED = "fenced"
# One that the coder answered long ago: drawn at random, and told as nothing else.
RETEST = "retest"
# A practice protocol's source that the coder has never read: told alike.
CHECK = "check"

# Those that look at the model, in the order in which pages name them.
BY_MODEL = (UNCERTAIN, DIVERSE, RARE)
EVER_BY_MODEL = (*BY_MODEL, FORMERLY_UNCERTAIN)

REASONS = {
    RANDOM: "drawn at random",
    # True of both, and said of both alike: that a rare level is expected would name the level.
    UNCERTAIN: "the model would learn much from this one",
    RARE: "the model would learn much from this one",
    DIVERSE: "the model has seen few like this one",
    COLD_START: "chosen to start from a broad mix",
    # Coders are not told which protocols a second coder reads.
    SECOND_READING: "drawn at random",
    RETEST: "drawn at random",
    CHECK: "drawn at random",
    PINNED: "put first by the project's lead",
    RETURNED: "you skipped this one earlier",
    PICKED: "you opened this one yourself",
    TAKEN_BACK: "you took your answer back",
    ASSIGNED: "assigned to you",
    SENT_BACK: "the adjudicator asks you to read it again",
    REREAD: "to be read once more",
}
# The same for someone else who reads the history, and who may know of second readings.
REASONS_TOLD = {
    RANDOM: "drawn at random",
    UNCERTAIN: "the model was unsure",
    FORMERLY_UNCERTAIN: "the model was unsure",
    DIVERSE: "unlike what was labelled",
    RARE: "likely of a level with few labels",
    COLD_START: "for a broad mix to start from",
    SECOND_READING: "drawn for a second reading",
    RETEST: "drawn at random",  # leads code, too
    CHECK: "drawn at random",
    PINNED: "put first by a lead",
    RETURNED: "came back after it was skipped",
    PICKED: "opened by the coder",
    TAKEN_BACK: "answer taken back by the coder",
    ASSIGNED: "assigned by a lead",
    SENT_BACK: "sent back by an adjudicator",
    REREAD: "to be read once more",
}
# The same for a lead who may still code what is open: which level is expected must not be known.
REASONS_TOLD_BLIND = REASONS_TOLD | dict.fromkeys(
    (UNCERTAIN, RARE, FORMERLY_UNCERTAIN), "the model would learn much from it"
)


@dataclass(frozen=True, slots=True)
class Shares:
    """Of what is not a second reading; the model's uncertainty has the rest."""

    diverse: float
    rare: float
    random: float

    @property
    def uncertain(self) -> float:
        """What the others leave."""
        return max(0.0, 1 - self.diverse - self.rare - self.random)

    def of(self, strategy: str) -> float:
        """The share of a strategy that the worker computes; before labels one has all of it."""
        shares = {UNCERTAIN: self.uncertain, DIVERSE: self.diverse, RARE: self.rare}
        return shares.get(strategy, 1 - self.random)


# Of a new project. Uncertain: what these leave. Forty replays of the reference protocols
# (docs/active-learning.md): as good as random in QWK, better on the rare levels; what is least like
# the labelled (diverse) was worse on those.
DEFAULT_SHARES = Shares(diverse=0.0, rare=0.4, random=0.2)

# Of random draws. All of them, and whoever reads "drawn at random" would know; as few as there are
# in the corpus, and the sample would be read long after it is wanted.
FENCED_SHARE = 0.5


def draw_strategy(
    chance: float, shares: Shares, *, double_coded: float, has_model: bool, has_learnt: bool
) -> str:
    """Which strategy serves next, for a `chance` uniform in [0, 1).

    Before a model has learnt from labels, what it is unsure of says little: a broad mix teaches
    most. Random draws keep their share, for they are what models are measured on.
    """
    if chance < double_coded:
        return SECOND_READING
    rest = (chance - double_coded) / (1 - double_coded)
    if rest < FENCED_SHARE * shares.random:
        return FENCED
    if rest < shares.random or not has_model:
        return RANDOM
    if not has_learnt:
        return COLD_START
    if rest < shares.random + shares.diverse:
        return DIVERSE
    if rest < shares.random + shares.diverse + shares.rare:
        return RARE
    return UNCERTAIN
