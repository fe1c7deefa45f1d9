"""The device that does the work: chosen once, and printed."""

import os

import torch

from pipeline.settings.errors import UserError


def choose_device(wanted: str | None = None) -> torch.device:
    """The device that was asked for, else this process's GPU, else the CPU; prints the choice."""
    index = int(os.environ.get("LOCAL_RANK", "0"))
    name = wanted or (f"cuda:{index}" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"there is no device called {name!r}; use cpu, cuda or cuda:N.") from None
    if device.type == "cuda":
        device = torch.device("cuda", index if device.index is None else device.index)
        if not torch.cuda.is_available() or device.index >= torch.cuda.device_count():
            raise UserError(f"the device {name} was asked for, but PyTorch sees {torch.cuda.device_count()} GPUs.")
        torch.cuda.set_device(device)
    if index == 0:
        called = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
        print(f"device: {device} ({called})")
    return device
