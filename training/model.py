"""The whole model: towers, projector and language model, with the loss and greedy answers."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from . import language_model
from .config import VisionConfig
from .data import Batch
from .known_errors import find
from .preprocess import normalise
from .prompts import IGNORE, encode_prompt
from .towers import VisualTowers, projector


class MiniGemini(nn.Module):
    """Visual tokens stand between the ids before and after `<image>`."""

    def __init__(self, vision: VisionConfig, llm: nn.Module, towers: VisualTowers) -> None:
        super().__init__()
        self.vision = vision
        self.llm = llm
        self.towers = towers
        self.mm_projector = projector(vision, llm.config.hidden_size)

    def scale_projector(self, features: torch.Tensor) -> None:
        """Start the projector from normalised features, so that its outputs have an embedding's size."""
        mean, deviation = features.float().mean((0, 1)), features.float().std((0, 1)).clamp(min=1e-3)
        first, last = self.mm_projector[0], self.mm_projector[2]
        with torch.no_grad():
            first.weight.div_(deviation)
            first.bias.sub_(first.weight @ mean)
            last.weight.mul_(0.6)

    def visual_tokens(self, pixels: torch.Tensor, mode: str = "full", train_towers: bool = False) -> torch.Tensor:
        """Projected tokens of 8-bit HR pixels."""
        with torch.set_grad_enabled(train_towers and torch.is_grad_enabled()):
            high = normalise(pixels).to(memory_format=torch.channels_last)
            features = self.towers(high, mode)
        return self.mm_projector(features)

    def loss(self, batch: Batch, train_towers: bool = False) -> torch.Tensor:
        """Cross-entropy of the answers."""
        embed = self.llm.get_input_embeddings()
        inputs = embed(batch.ids)
        offset = 0
        if batch.pixels is not None:
            visual = self.visual_tokens(batch.pixels, train_towers=train_towers).to(inputs.dtype)
            before = embed(batch.before)[None].expand(len(inputs), -1, -1)
            inputs = torch.cat([before, visual, inputs], 1)
            offset = before.shape[1] + visual.shape[1]
        hidden = self.llm.model(inputs_embeds=inputs, use_cache=False).last_hidden_state
        labels = batch.labels
        if offset:
            hidden = hidden[:, offset - 1 : -1]
        else:
            hidden, labels = hidden[:, :-1], labels[:, 1:]
        known = (labels != IGNORE).flatten().nonzero().squeeze(1)
        known = F.pad(known, (0, -len(known) % 128), value=-1)
        target = torch.where(known < 0, IGNORE, labels.flatten()[known])
        logits = self.llm.lm_head(hidden.flatten(0, 1)[known.clamp(min=0)])
        return F.cross_entropy(logits.float(), target, ignore_index=IGNORE)

    @torch.no_grad()
    def answer(
        self, questions: list[tuple[torch.Tensor | None, str, str]], max_new_tokens: int = 200, generate: bool = False
    ) -> list[str]:
        """Greedy answers to (projected visual tokens or None, question, OCR text)."""
        embed = self.llm.get_input_embeddings()
        device = embed.weight.device
        rows = []
        for visual, question, ocr in questions:
            known = find(ocr.split(", ")) if ocr else []
            named = known[0].name if known else ""
            before, after = encode_prompt(question, ocr, visual is not None, generate, named)
            tail = embed(torch.tensor(after, device=device))
            if visual is None:
                rows.append(tail)
            else:
                rows.append(torch.cat([embed(torch.tensor(before, device=device)), visual.to(tail.dtype), tail]))
        longest = max(map(len, rows))
        inputs = torch.zeros(len(rows), longest, rows[0].shape[-1], dtype=rows[0].dtype, device=device)
        mask = torch.zeros(len(rows), longest, dtype=torch.long, device=device)
        for index, row in enumerate(rows):
            inputs[index, longest - len(row) :] = row
            mask[index, longest - len(row) :] = 1
        end = language_model.tokenizer().token_to_id(language_model.END)
        ids = self.llm.generate(
            inputs_embeds=inputs, attention_mask=mask, max_new_tokens=max_new_tokens, do_sample=False,
            eos_token_id=end, pad_token_id=end,
        )  # fmt: skip
        return [language_model.decode(row.tolist()).strip() for row in ids]
