"""The model of character-gpt.mjs in PyTorch. Run it in this folder, with torch 2.13.0 and numpy: python character-gpt.py"""
import json
import math

import numpy as np
import torch
from torch import nn

STEPS, BATCH, CONTEXT, WIDTH, HEADS, LAYERS = 500, 32, 32, 48, 4, 2

with open("../datasets/kjv.tsv") as file:
    text = "\n".join(line.split("\t")[3] for line in file.read().rstrip().split("\n")[1:])
characters = sorted(set(text))
codes = torch.tensor([characters.index(character) for character in text])
boundary = math.floor(len(codes) * 0.9)


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(len(characters), WIDTH)
        self.position = nn.Embedding(CONTEXT, WIDTH)
        options = dict(dim_feedforward=4 * WIDTH, dropout=0, activation="gelu", batch_first=True, norm_first=True)
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(WIDTH, HEADS, **options) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, len(characters))

    def forward(self, x):
        length = x.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        hidden = self.token(x) + self.position(torch.arange(length))
        for block in self.blocks:
            hidden = block(hidden, src_mask=mask, is_causal=True)
        return self.head(self.norm(hidden))


def mixed(n):
    """Hashes n to a 32-bit integer, the same as in JavaScript."""
    x = np.asarray(n, dtype=np.uint32)
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * np.uint32(0x846CA68B)
    return x ^ (x >> 16)


model = GPT()
drawn = 0
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            uniform = mixed(np.arange(drawn, drawn + parameter.numel())) / 2**31 - 1
            parameter.copy_(torch.from_numpy(uniform / math.sqrt(parameter.shape[-1])).reshape(parameter.shape))
            drawn += parameter.numel()
        elif name.endswith("bias"):
            parameter.zero_()


def loss_of(starts):
    piece = lambda offset: torch.stack([codes[start + offset : start + offset + CONTEXT] for start in starts])
    return nn.functional.cross_entropy(model(piece(0)).reshape(-1, len(characters)), piece(1).reshape(-1))


optimizer = torch.optim.AdamW(model.parameters(), lr=0.008, weight_decay=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS)
losses = {}
for step in range(1, STEPS + 1):
    starts = [int(n) % (boundary - CONTEXT) for n in mixed(2**31 + step * BATCH + np.arange(BATCH))]
    loss = loss_of(starts)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    scheduler.step()
    if step == 1 or step % 100 == 0:
        losses[step] = loss.item()
        print(step, losses[step])

with torch.no_grad():
    pieces = [boundary + i * CONTEXT for i in range((len(codes) - boundary - 1) // CONTEXT)]
    some = [pieces[i : i + 32] for i in range(0, len(pieces), 32)]
    held_out = sum(loss_of(starts).item() * len(starts) for starts in some) / len(pieces)
print("held out", held_out)

settings = dict(steps=STEPS, batch=BATCH, context=CONTEXT, width=WIDTH, heads=HEADS, layers=LAYERS)
with open("character-gpt.json", "w") as file:
    json.dump(dict(torch=torch.__version__.split("+")[0], settings=settings, losses=losses, heldOut=held_out), file, indent=2)
    file.write("\n")
