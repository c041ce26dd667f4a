"""The prompt's tokens: CLIP's byte-pair encoding, learnt on common English words and the icons' names."""
from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from .. import language_model, state

BEGIN, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"


def byte_characters() -> list[str]:
    """GPT-2's spelling of the 256 bytes."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def common_words() -> list[str]:
    """Whole lower-case words of SmolLM2's vocabulary, the most frequent first."""
    words = json.loads((language_model.base_folder() / "tokenizer.json").read_text())["model"]["vocab"]
    ordered = sorted(words, key=lambda word: words[word])
    return [word[1:] for word in ordered if re.fullmatch("Ġ[a-z]{2,}", word)]


def learn(names: Iterable[str], common: list[str], size: int, folder: Path) -> None:
    """Write vocab.json, merges.txt and their configuration."""
    counts = {word: 1 + 4000 // (rank + 20) for rank, word in enumerate(common)}
    for name in names:
        for word in re.findall(r"[a-z']+", name):
            counts[word] = counts.get(word, 0) + 60
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=size - 400, end_of_word_suffix=WORD_END, show_progress=False, min_frequency=2)
    tokenizer.train_from_iterator((" ".join([word] * count) for word, count in sorted(counts.items())), trainer)
    pairs = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    characters = byte_characters()
    spelled = [*characters, *(c + WORD_END for c in characters), *(left + right for left, right in pairs), BEGIN, END]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(spelled))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in pairs))


class PromptTokens:
    """Text to ids of a fixed length, as the engine and CLIPTokenizer make them."""

    def __init__(self, folder: Path, length: int) -> None:
        self.folder = folder
        self.vocabulary: dict[str, int] = json.loads((folder / "vocab.json").read_text())
        merges = (folder / "merges.txt").read_text().splitlines()[1:]
        self._model = models.BPE(
            vocab=self.vocabulary,
            merges=[(left, right) for left, right in (line.split(" ") for line in merges)],
            end_of_word_suffix=WORD_END,
        )
        self.length = length
        self.begin, self.end = self.vocabulary[BEGIN], self.vocabulary[END]
        self._spelling = byte_characters()
        self._words: dict[str, list[int]] = {}

    def word(self, word: str) -> list[int]:
        if word not in self._words:
            spelled = "".join(self._spelling[byte] for byte in word.encode())
            self._words[word] = [token.id for token in self._model.tokenize(spelled)]
        return self._words[word]

    def ids(self, text: str) -> list[int]:
        found = re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+", text.lower())
        kept = [token for word in found for token in self.word(word)][: self.length - 2]
        return [self.begin, *kept, *[self.end] * (self.length - 1 - len(kept))]

    def batch(self, texts: list[str]) -> torch.Tensor:
        return torch.tensor([self.ids(text) for text in texts])


def meanings(tokens: PromptTokens, width: int) -> torch.Tensor:
    """[vocabulary, width]: SmolLM2's embedding of each token's text, in its main directions.

    The encoder keeps them as they are, so that a word that no icon's name has still means something near one that has.
    """
    table = state.load(language_model.base_folder() / "model.pt")["model.embed_tokens.weight"].float()
    bytes_of = {character: byte for byte, character in enumerate(byte_characters())}
    rows = []
    for token in tokens.vocabulary:
        whole = token.endswith(WORD_END)
        spelled = "." if token in (BEGIN, END) else token.removesuffix(WORD_END)
        text = bytes(bytes_of[c] for c in spelled).decode(errors="replace")
        # Some control bytes are no token there.
        ids = language_model.encode(f" {text}" if whole else text) or language_model.encode(".")
        rows.append(table[ids].mean(0))
    stacked = torch.stack(rows)
    centred = stacked - stacked.mean(0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    reduced = centred @ directions[:width].T
    return 0.1 * reduced / reduced.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-6)
