from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.errors import Cancelled, Corrupt
from cer_assist.learning.encoder import Encoder, quantise
from cer_assist.learning.features import FeatureCache, pack, unpack
from cer_assist.learning.progress import silent
from cer_assist.learning.projection import Projection, projection_in
from cer_assist.learning.readings import TokenStates, read
from cer_assist.learning.text import tokenise, windows
from tests.learning.shared import Demo, a_text, collecting
from tests.learning.test_text import TEXTS, TOKENIZER

THREE_SENTENCES = (
    f"Patients decide. {'Researchers and residents agree, ' * 80}too. Mice are not asked."
)


def some_states(text: str) -> TokenStates:
    pieces = tokenise(TOKENIZER, text)
    generator = np.random.default_rng(len(text))
    states = generator.integers(-127, 128, (len(pieces.content_pieces), 64)).astype(np.int8)
    sentences = generator.integers(-127, 128, (pieces.sentences, 384)).astype(np.int8)
    return TokenStates(states, sentences, pieces)


@given(TEXTS)
def test_what_is_packed_comes_back(text: str) -> None:
    before = some_states(text)
    after = unpack(pack(before))
    assert np.array_equal(before.states, after.states)
    assert np.array_equal(before.sentences, after.sentences)
    for name in ("ids", "word_of_piece", "words", "sentence_of_piece", "content"):
        assert np.array_equal(getattr(before.pieces, name), getattr(after.pieces, name)), name


@given(st.data())
def test_a_flipped_bit_anywhere_is_found(data: st.DataObject) -> None:
    packed = bytearray(pack(some_states("An advisory board decides.")))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Corrupt):
        unpack(bytes(packed))


def test_states_are_written_once_and_found_again(no_states: Path, encoder: Encoder) -> None:
    cache = FeatureCache(no_states, encoder)
    documents = [a_text("The committee decides."), a_text("Flyers at the church.")]
    assert cache.missing(documents) == documents
    first = list(cache.read(documents, silent))
    assert cache.missing(documents) == []
    again = list(FeatureCache(no_states, Encoder(Path("/nonexistent"))).read(documents, silent))
    assert all(np.array_equal(a.states, b.states) for a, b in zip(first, again, strict=True))


def test_readings_stay_in_memory_as_far_as_there_is_room(no_states: Path, encoder: Encoder) -> None:
    one, other = a_text("The committee decides."), a_text("Flyers at the church.")
    [first] = FeatureCache(no_states, encoder).readings([one], silent)
    cache = FeatureCache(no_states, encoder, keeps=first.nbytes + len(one.text))
    before = cache.readings([one, other, one], silent)
    assert before[0] is before[2]
    cache.path_of(one).unlink()
    again = cache.readings([one, other], silent)
    assert not cache.path_of(one).exists()  # nobody missed it
    assert again[0] is before[0]
    assert again[1] is not before[1]
    assert np.array_equal(again[1].states, before[1].states)


def test_a_damaged_file_is_rebuilt(
    no_states: Path, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    cache = FeatureCache(no_states, encoder)
    document = a_text("Residents lead the study.")
    [before] = cache.read([document], silent)
    [file] = cache.folder.rglob("*.states")
    damaged = bytearray(file.read_bytes())
    damaged[-3] ^= 8
    file.write_bytes(damaged)
    [after] = cache.read([document], silent)
    assert np.array_equal(before.states, after.states)
    assert "checksum" in caplog.text
    assert unpack(file.read_bytes()).pieces.ids.tolist() == before.pieces.ids.tolist()


def test_equal_texts_are_encoded_once_and_empty_ones_do_no_harm(
    no_states: Path, encoder: Encoder
) -> None:
    cache = FeatureCache(no_states, encoder)
    found = list(cache.read([a_text("One."), a_text("One."), a_text("")], silent))
    assert len(list(cache.folder.rglob("*.states"))) == 2
    assert (found[2].states.shape, found[2].sentences.shape) == ((0, 64), (0, 384))
    assert read(found[2]).keys.shape == (0,)


def test_stopping_keeps_what_is_finished(no_states: Path, encoder: Encoder, monkeypatch) -> None:
    monkeypatch.setattr("cer_assist.learning.features._CHUNK_CHARACTERS", 100)
    cache = FeatureCache(no_states, encoder)
    documents = [a_text(f"Protocol {number} has a committee. " * 4) for number in range(6)]

    def stop_halfway(share: float, message: str) -> None:
        if share > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        cache.encode(documents, stop_halfway)
    assert 0 < len(cache.missing(documents)) < len(documents)
    shares: list[float] = []
    cache.encode(documents, collecting(shares))
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert cache.missing(documents) == []


def test_a_word_piece_costs_at_most_seventy_bytes(cache: FeatureCache, demo: Demo) -> None:
    pieces = sum(len(states.pieces.ids) for states in cache.read(demo.documents, silent))
    files = [cache.path_of(document) for document in demo.documents]
    assert sum(file.stat().st_size for file in files) <= 70 * pieces


def test_the_projection_keeps_unit_variance_on_the_texts_it_was_fitted_on(
    cache: FeatureCache, demo: Demo
) -> None:
    rows = np.concatenate([s.states for s in cache.read(demo.documents, silent)]) / (127 / 4)
    assert np.allclose(rows.std(axis=0), 1.0, atol=0.1)
    assert np.abs(rows.mean(axis=0)).max() < 0.2


def test_quantising_is_exact_to_half_a_step_and_clips() -> None:
    projection = Projection(np.zeros(384, np.float32), np.eye(384, 64, dtype=np.float32))
    states = np.zeros((2, 384), np.float32)
    states[0, :2] = [1.0, -2.5]
    states[1, :2] = [9.0, -9.0]
    found = quantise(states, projection.steps, projection.shift).numpy()
    assert found[:, :2].tolist() == [[32, -79], [127, -127]]


def test_cached_states_are_deviations_from_the_mean_along_the_directions(
    cache: FeatureCache,
) -> None:
    [found] = cache.read([a_text(THREE_SENTENCES)], silent)
    fitted = projection_in(cache.folder, cache.encoder)
    exact = (encoded(cache, found) - fitted.mean) @ fitted.directions * (127 / 4)
    exact = np.clip(exact, -127, 127)[found.pieces.content_pieces]
    assert np.abs(found.states - exact).max() < 0.51


def test_a_sentence_points_where_the_mean_of_its_pieces_does(cache: FeatureCache) -> None:
    """Also one that took several windows, as the second does here."""
    [found] = cache.read([a_text(THREE_SENTENCES)], silent)
    assert found.sentences.shape == (3, 384)
    assert np.abs(found.sentences).max(axis=1).tolist() == [127] * 3
    states = encoded(cache, found)
    for number, kept in enumerate(found.sentences.astype(float)):
        mean = states[found.pieces.sentence_of_piece == number].mean(axis=0)
        assert kept @ mean > 0.999 * np.linalg.norm(kept) * np.linalg.norm(mean)


def encoded(cache: FeatureCache, found: TokenStates) -> np.ndarray:
    """The encoder's own states of a cached text, (pieces, 384)."""
    cut = windows(found.pieces)
    states = np.zeros((len(found.pieces.ids), 384))
    for which, batch in cache.encoder.states([found.pieces.ids[slice(*at)] for at in cut]):
        for place, row in zip(which, batch, strict=True):
            start, end = cut[place]
            states[start:end] = row[: end - start]
    return states


def test_a_damaged_projection_is_fitted_again_and_equal(cache: FeatureCache, demo: Demo) -> None:
    cache.encode(demo.documents[:1], silent)
    first = projection_in(cache.folder, cache.encoder)
    path = cache.folder / "projection.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    again = projection_in(cache.folder, cache.encoder)
    assert np.allclose(again.directions, first.directions, atol=1e-4)
    assert np.allclose(projection_in(cache.folder, cache.encoder).mean, again.mean)


def test_only_content_words_are_read_with_their_places() -> None:
    text = "The board, and 12 partners, decide."
    found = read(some_states(text))
    assert [text[start:end] for start, end in found.words] == ["board", "partners", "decide"]
    assert len(found.states) == len(found.word_of_piece)
    assert found.word_of_piece.max() == 2
