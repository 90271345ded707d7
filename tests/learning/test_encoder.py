import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.special import erf, softmax

from cer_assist.domain.errors import Corrupt, NotFound
from cer_assist.learning import encoder as module
from cer_assist.learning.encoder import Encoder, batches_by_length, find_encoder, padded_inputs
from cer_assist.learning.text import tokenise

SENTENCES = [
    "The advisory board decides together with the researchers.",
    "A community committee and the academics share every decision.",
    "Mice received a single dose of the compound.",
]


def states_of(encoder: Encoder, texts: list[str]) -> list[np.ndarray]:
    pieces = [tokenise(encoder.tokenizer, text).ids for text in texts]
    found: list[np.ndarray] = [np.zeros(0)] * len(texts)
    for which, batch in encoder.states(pieces):
        for at, row in zip(which, batch, strict=True):
            found[at] = row[: len(pieces[at])]
    return found


def numpy_bert(weights: dict[str, np.ndarray], ids: np.ndarray) -> np.ndarray:
    """The encoder written down from the paper (Devlin et al. 2019), in float32."""

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]

    def heads(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), 12, 32).transpose(1, 0, 2)

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for layer in range(6):
        at = f"encoder.layer.{layer}"
        q, k, v = (heads(dense(x, f"{at}.attention.self.{n}")) for n in ("query", "key", "value"))
        mixed = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(32), axis=-1) @ v
        mixed = dense(mixed.transpose(1, 0, 2).reshape(len(x), -1), f"{at}.attention.output.dense")
        x = norm(x + mixed, f"{at}.attention.output")
        wide = dense(x, f"{at}.intermediate.dense")
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        x = norm(x + dense(wide, f"{at}.output.dense"), f"{at}.output")
    return x


def test_states_agree_with_the_architecture_written_out_in_numpy(encoder: Encoder) -> None:
    weights = load_file(find_encoder() / "model.safetensors")
    ids = tokenise(encoder.tokenizer, SENTENCES[0]).ids
    expected = numpy_bert(weights, np.array([101, *ids, 102]))[1:-1]
    [found] = states_of(encoder, SENTENCES[:1])
    cosines = (found * expected).sum(1) / np.linalg.norm(found, axis=1)
    cosines /= np.linalg.norm(expected, axis=1)
    assert cosines.min() > 0.998  # bfloat16 keeps eight bits


def test_sentences_of_like_meaning_are_near(encoder: Encoder) -> None:
    means = np.array([states.mean(axis=0) for states in states_of(encoder, SENTENCES)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    near, far = means[0] @ means[1], means[0] @ means[2]
    assert near > far + 0.3


def test_padding_beside_longer_texts_changes_nothing(encoder: Encoder) -> None:
    alone = states_of(encoder, [SENTENCES[0]])[0]
    together = states_of(encoder, [SENTENCES[0], " ".join(SENTENCES * 8)])[0]
    assert np.abs(alone - together).max() < 0.15
    assert np.abs(alone - together).mean() < 0.01


def test_rounding_inside_tensorflow_is_rounding_outside(encoder: Encoder) -> None:
    generator = np.random.default_rng(0)
    steps = generator.normal(scale=5, size=(384, 64)).astype(np.float32)
    shift = generator.normal(scale=20, size=64).astype(np.float32)
    cut = [tokenise(encoder.tokenizer, text).ids for text in [*SENTENCES, " ".join(SENTENCES)]]
    wide = list(encoder.states(cut))
    small = list(encoder.quantised(cut, steps, shift))
    for (which, states), (again, found, sums) in zip(wide, small, strict=True):
        lengths = [len(cut[at]) for at in which]
        plain = [row[:length].sum(axis=0) for row, length in zip(states, lengths, strict=True)]
        assert np.allclose(sums, plain, atol=1e-3)
        assert np.array_equal(which, again)
        expected = np.clip(np.rint(states @ steps + shift), -127, 127).astype(np.int8)
        assert found.shape == expected.shape
        assert found.dtype == np.int8
        difference = np.abs(found.astype(int) - expected)
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.001


def test_batches_hold_every_window_once_and_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(1, 255, 500)
    batches = list(batches_by_length(lengths.tolist()))
    assert sorted(np.concatenate(batches).tolist()) == list(range(500))
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert lengths.sum() > 0.9 * padded


def test_a_window_too_long_for_the_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match="254"):
        padded_inputs([np.zeros(255, np.int32)])


def test_absent_weights_are_reported_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="CER_ENCODER_DIR"):
        find_encoder(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_changed_files_are_never_opened(tmp_path: Path, name: str) -> None:
    source = find_encoder()
    for file in ("model.safetensors", "tokenizer.json", "config.json"):
        shutil.copy(source / file, tmp_path / file)
    path = tmp_path / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    mine = Encoder(tmp_path)
    with pytest.raises(Corrupt, match=name):
        states_of(mine, SENTENCES[:1])


def test_a_folder_of_the_users_own_serves_as_well(tmp_path: Path, encoder: Encoder) -> None:
    for file in ("tokenizer.json", "model.safetensors", "config.json"):
        (tmp_path / file).symlink_to(find_encoder() / file)
    assert Encoder(tmp_path).tokenizer.encode("board").ids == encoder.tokenizer.encode("board").ids
    assert module.find_encoder(tmp_path) == tmp_path
