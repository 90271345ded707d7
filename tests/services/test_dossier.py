"""Who sees what on a protocol's page, case by case."""

from __future__ import annotations

import pytest

from cer_assist.services.dossier import Sight, sight
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy

HIDDEN, AFTER, SHOWN = SuggestionPolicy.hidden, SuggestionPolicy.after, SuggestionPolicy.shown
NOTHING = Sight(peers=False, suggestion=False, on_request=False)
SUGGESTION = Sight(peers=False, suggestion=True, on_request=False)
ON_REQUEST = Sight(peers=False, suggestion=False, on_request=True)
BOTH = Sight(peers=True, suggestion=True, on_request=False)


@pytest.mark.parametrize(
    ("policy", "role", "answered", "asked", "seen"),
    [
        (HIDDEN, Role.coder, False, False, NOTHING),
        (HIDDEN, Role.coder, True, True, NOTHING),
        (AFTER, Role.coder, False, True, NOTHING),
        (AFTER, Role.coder, True, False, SUGGESTION),
        (SHOWN, Role.coder, False, False, SUGGESTION),
        (AFTER, Role.lead, False, False, ON_REQUEST),
        (AFTER, Role.lead, False, True, BOTH),
        (HIDDEN, Role.lead, True, False, BOTH),
        (AFTER, Role.administrator, False, False, ON_REQUEST),
        (HIDDEN, Role.auditor, False, False, BOTH),
    ],
)
def test_who_sees_what(
    policy: SuggestionPolicy, role: Role, answered: bool, asked: bool, seen: Sight
) -> None:
    assert sight(policy, role, answered=answered, asked=asked) == seen


@pytest.mark.parametrize("role", [Role.coder, Role.lead])
def test_what_is_withheld_nobody_sees_before_their_own_answer(role: Role) -> None:
    for policy in SuggestionPolicy:
        assert not sight(policy, role, answered=False, asked=False, withheld=True).suggestion
    assert sight(SHOWN, role, answered=True, asked=False, withheld=True).suggestion
    assert not sight(SHOWN, Role.coder, answered=False, asked=True, withheld=True).suggestion


@pytest.mark.parametrize(
    ("policy", "role", "answered", "asked", "seen"),
    [
        (AFTER, Role.coder, False, True, NOTHING),
        (SHOWN, Role.coder, False, True, NOTHING),
        (AFTER, Role.coder, True, False, ON_REQUEST),
        (SHOWN, Role.coder, True, False, ON_REQUEST),
        (SHOWN, Role.coder, True, True, SUGGESTION),
        (HIDDEN, Role.coder, True, True, NOTHING),
        (SHOWN, Role.lead, False, False, ON_REQUEST),
        (AFTER, Role.lead, True, False, ON_REQUEST),
        (AFTER, Role.lead, True, True, BOTH),
        (AFTER, Role.auditor, True, False, BOTH),
    ],
)
def test_who_goes_without_sees_it_on_request_once_they_have_answered(
    policy: SuggestionPolicy, role: Role, answered: bool, asked: bool, seen: Sight
) -> None:
    assert sight(policy, role, answered=answered, asked=asked, without=True) == seen


def test_a_lead_gets_the_suggestion_but_not_peers_where_everyone_does() -> None:
    seen = sight(SHOWN, Role.lead, answered=False, asked=False)
    assert seen == Sight(peers=False, suggestion=True, on_request=True)
