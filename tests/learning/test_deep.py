"""Fine-tuning the top of the encoder: exact where nothing is tuned, resumable, checked by hash."""

from pathlib import Path

import numpy as np
import pytest

from cer_assist.domain.errors import Corrupt
from cer_assist.learning.checked_files import read_arrays, write_arrays
from cer_assist.learning.deep.judges import Learnt
from cer_assist.learning.deep.lower import LowerCache
from cer_assist.learning.deep.network import TopNetwork
from cer_assist.learning.deep.packing import first_fit, pack
from cer_assist.learning.deep.tuned import TunedEncoders, digest_of, reader_of
from cer_assist.learning.deep.tuning import Lesson, Recipe, Tuning
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import Encoder, TunedTop
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import minhashes
from cer_assist.learning.ordinal import thresholds
from cer_assist.learning.progress import silent
from cer_assist.learning.text import tokenise, windows
from tests.learning.shared import a_text, quick_projection

__all__ = ["quick_projection"]
QUICK = Recipe(layers=1, epochs=2, rate=5e-4, head_rate=1e-2, documents=4, dtype="float32")
TEXTS = [
    "The community board decides with the researchers. Residents lead the study.",
    "Mice received a single dose of the compound.",
    f"Partners {'review, discuss and approve ' * 40}every step. Then they publish.",
    "Participants fill in a form. Nobody else is asked, and nobody is told.",
] * 3
NUMBERS = np.array([2, 0, 2, 1] * 3)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [a_text(f"{text} Number {at}.") for at, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def lower(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> LowerCache:
    return LowerCache(tmp_path_factory.mktemp("lower"), encoder, QUICK.layers)


@pytest.fixture(scope="module")
def lesson(documents: list[Document], lower: LowerCache) -> Lesson:
    return Lesson(documents, NUMBERS, lower, seed=3)


@pytest.fixture(scope="module")
def tuning(encoder: Encoder) -> Tuning:
    return Tuning(encoder.backbone, QUICK, levels=3)


def after(tuning: Tuning, lesson: Lesson) -> dict[str, np.ndarray]:
    """The top layers after a whole run."""
    tuning.start(lesson.seed)
    assert [done for _, done in tuning.steps(lesson)][-1] == 1.0
    return tuning.tuned()


@pytest.fixture(scope="module")
def tuned(tuning: Tuning, lesson: Lesson) -> dict[str, np.ndarray]:
    return after(tuning, lesson)


def loss_of(tuning: Tuning, lesson: Lesson) -> float:
    above = thresholds(lesson.numbers, 3)
    weights = np.ones(len(above), np.float32)
    return float(tuning.network.loss(above, weights, *pack(lesson.lower.read(lesson.documents))))


def test_cached_lower_layers_and_the_top_are_the_whole_encoder(
    encoder: Encoder, documents: list[Document], lower: LowerCache
) -> None:
    """Whatever lies beside a sentence in its row, and whatever is padding."""
    network = TopNetwork(encoder.backbone, QUICK.layers, 3, "float32")
    network.start(encoder.backbone.top, 0)
    batch = documents[:4]
    packed = pack(lower.read(batch))
    flat = network.states(packed.rows, packed.windows).numpy()
    for at, document in enumerate(batch):
        found = flat[packed.places[at][packed.mask[at]]]
        expected = content_states(encoder, document)
        assert found.shape == expected.shape
        cosines = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1)
        assert (cosines / np.linalg.norm(expected, axis=1)).min() > 0.999
        assert np.abs(found - expected).mean() < 0.01  # bfloat16 keeps eight bits


def content_states(encoder: Encoder, document: Document) -> np.ndarray:
    """The encoder's own states of a document's content pieces, (content pieces, 384)."""
    pieces = tokenise(encoder.tokenizer, document.text)
    cut = windows(pieces)
    states = np.zeros((len(pieces.ids), 384), np.float32)
    for which, batch in encoder.states([pieces.ids[slice(*at)] for at in cut]):
        for place, row in zip(which, batch, strict=True):
            start, end = cut[place]
            states[start:end] = row[: end - start]
    return states[pieces.content_pieces]


def test_rows_hold_every_sentence_once_and_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(3, 90, 300)
    row_of, start_of = first_fit(lengths, 128)
    taken = np.zeros((row_of.max() + 1, 128), int)
    for row, start, length in zip(row_of, start_of, lengths, strict=True):
        taken[row, start : start + length] += 1
    assert taken.max() == 1
    assert taken.sum() == lengths.sum()
    assert taken.mean() > 0.95


def test_a_damaged_or_missing_lower_file_is_made_again(
    documents: list[Document], encoder: Encoder, tmp_path: Path
) -> None:
    cache = LowerCache(tmp_path, encoder, QUICK.layers)
    [before] = cache.read(documents[:1])
    [file] = tmp_path.iterdir()
    flip_a_bit(file)
    [after] = cache.read(documents[:1])
    assert np.array_equal(before.states, after.states)
    assert cache.missing(documents) == documents[1:]


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)


def test_tuning_lowers_the_loss_and_changes_the_top_only(
    tuning: Tuning, lesson: Lesson, tuned: dict[str, np.ndarray], encoder: Encoder
) -> None:
    tuning.start(lesson.seed)
    before = loss_of(tuning, lesson)
    after(tuning, lesson)
    assert loss_of(tuning, lesson) < 0.8 * before
    published = encoder.backbone.top
    assert {name.split("/")[0] for name in tuned} == {"5"}
    assert any(np.abs(tuned[name] - published[name]).max() > 1e-3 for name in tuned)


@pytest.mark.parametrize("stop_after", [1, 4])
def test_a_run_that_was_interrupted_ends_where_an_uninterrupted_one_does(
    tuning: Tuning, lesson: Lesson, tuned: dict[str, np.ndarray], stop_after: int, tmp_path: Path
) -> None:
    tuning.start(lesson.seed)
    steps = tuning.steps(lesson)
    for _ in range(stop_after):
        next(steps)
    write_arrays(tmp_path / "kept", tuning.arrays())
    tuning.start(lesson.seed + 1)  # another run has had the process meanwhile
    next(tuning.steps(lesson))
    tuning.restore(read_arrays(tmp_path / "kept"))
    assert len(list(tuning.steps(lesson))) == 6 - stop_after
    again = tuning.tuned()
    for name, array in tuned.items():
        assert np.allclose(array.astype(float), again[name].astype(float), atol=1e-4), name


def test_no_batch_is_larger_than_memory_allows(tuning: Tuning, lesson: Lesson) -> None:
    long = [a_text("word " * 8000), *lesson.documents]
    batches = list(tuning._batches(Lesson(long, np.zeros(13), lesson.lower, 0), 0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(13))
    assert max(map(len, batches)) == QUICK.documents
    assert [0] in [batch.tolist() for batch in batches]


@pytest.fixture(scope="module")
def encoders(tuned: dict[str, np.ndarray], documents: list[Document]) -> TunedEncoders:
    keys = {document.key: at % 2 for at, document in enumerate(documents)}
    learnt = Learnt(keys, minhashes([document.text for document in documents]))
    return TunedEncoders(tuned, [tuned, {}], learnt)


def test_an_artefact_comes_back_and_a_flipped_byte_is_found(
    encoders: TunedEncoders, tmp_path: Path
) -> None:
    folder = tmp_path / "tuned"
    sha256 = encoders.save(folder, QUICK, seed=3)
    again = TunedEncoders.load(folder, sha256)
    assert again.learnt.fold_of == encoders.learnt.fold_of
    assert np.array_equal(again.learnt.minhashes, encoders.learnt.minhashes)
    assert digest_of(again.final) == digest_of(encoders.final)
    assert [digest_of(fold) for fold in again.folds] == list(map(digest_of, encoders.folds))
    for file in folder.iterdir():
        whole = file.read_bytes()
        flip_a_bit(file)
        with pytest.raises(Corrupt):
            TunedEncoders.load(folder, sha256)
        file.write_bytes(whole)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(Corrupt, match="missing"):
        TunedEncoders.load(folder, sha256)


def test_states_of_a_tuned_encoder_are_its_own_and_kept_apart(
    encoders: TunedEncoders,
    encoder: Encoder,
    documents: list[Document],
    tmp_path: Path,
    quick_projection: None,
) -> None:
    """Also the projection: it is fitted on texts as this encoder reads them."""
    reader, plain = encoders.reader(tmp_path, None), FeatureCache(tmp_path, encoder)
    assert reader.folder != plain.folder
    [mine] = reader.read(documents[:1], silent)
    [published] = plain.read(documents[:1], silent)
    projections = [(one.folder / "projection.safetensors").read_bytes() for one in (reader, plain)]
    assert projections[0] != projections[1]
    assert not np.array_equal(mine.sentences, published.sentences)
    assert np.array_equal(mine.pieces.ids, published.pieces.ids)


def test_an_encoder_with_nothing_tuned_is_the_published_one(encoder: Encoder) -> None:
    ids = tokenise(encoder.tokenizer, TEXTS[0]).ids
    [(_, expected)] = encoder.states([ids])
    [(_, found)] = Encoder(tuned=TunedTop({}, "none")).states([ids])
    assert np.array_equal(found, expected)
    assert (
        reader_of({}, Path("features"), None).folder.name
        != FeatureCache(Path("features"), encoder).folder.name
    )
