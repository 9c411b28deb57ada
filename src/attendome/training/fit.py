"""Fit a model, or go on with a fit that was interrupted."""

import logging
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from torch import nn
from torch.multiprocessing.spawn import ProcessRaisedException

from attendome import errors
from attendome.errors import RunError, SettingsError
from attendome.training.base import Training
from attendome.training.history import is_finished, read_history
from attendome.training.recorder import Recorder
from attendome.training.settings import LoopSettings

CHECKPOINTS = "checkpoints"
_LAST = "last"
_TOO_LITTLE = (
    "The memory of the GPU does not suffice; start again with --force and a smaller batch_size or, "
    "of a model that reads DNA, gradient_checkpointing=true or precision=bf16-mixed."
)


def fit(module: Training, folder: Path, *, afresh: bool = False) -> None:
    """Train the module's model; the weights of the best epoch and the history go to the run folder.

    Where the folder holds a checkpoint, training goes on from it, to the same result as without the
    interruption. The test split has no part in this.

    Args:
        module: what is trained, and how.
        folder: the run folder.
        afresh: whether what the folder holds is of a training before, which the first of several
            machines is about to remove.

    Raises:
        RunError: the checkpoint is damaged, or would run code; the loss is no longer finite; or the
            memory of the GPU does not suffice.
        SettingsError: the device asked for is not there.
        DataError: the epochs cannot be scored.
    """
    history = None if afresh else read_history(folder)
    if history is not None and is_finished(history, module.settings):
        return
    checkpoint = None if afresh else _readable(folder / CHECKPOINTS / f"{_LAST}.ckpt")
    gpus = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with _quiet(), torch.random.fork_rng(devices=gpus):
        trainer = _trainer(module.settings, module.score, folder)
        try:
            trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
        except SystemExit as error:
            # Lightning turns Ctrl-C into an exit; the caller is to see the interruption.
            raise KeyboardInterrupt from error
        except torch.OutOfMemoryError as error:
            raise RunError(_TOO_LITTLE) from error
        except ProcessRaisedException as error:
            # The error of a process comes as the text of its traceback.
            if "OutOfMemoryError" in str(error):
                raise RunError(_TOO_LITTLE) from error
            name = rf"^{errors.__name__}\.(\w+): (.+)"
            ours = re.search(name, str(error), re.MULTILINE | re.DOTALL)
            if ours is None:
                raise
            raise getattr(errors, ours[1])(ours[2].strip()) from error


def _readable(checkpoint: Path) -> Path | None:
    """Give the checkpoint to go on from, None where there is none yet."""
    if not checkpoint.is_file():
        return None
    try:
        torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:
        raise RunError(
            f"{checkpoint}: the checkpoint is damaged, or would run code; start again with --force."
        ) from error
    return checkpoint


def check_device(settings: LoopSettings) -> None:
    """Check that training can run where the settings say.

    Raises:
        SettingsError: the device asked for is not there, or an extra is not installed.
    """
    with _quiet():
        _trainer(settings, "", Path())


def check_halves(settings: LoopSettings, model: nn.Module) -> None:
    """Check that a processor has the arithmetic that LSTMs in mixed precision take.

    Raises:
        SettingsError: it has not.
    """
    on_cpu = settings.accelerator == "cpu" or not torch.cuda.is_available()
    if settings.precision == "32-true" or not on_cpu:
        return
    if not any(isinstance(part, nn.LSTM) for part in model.modules()):
        return
    try:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            nn.LSTM(1, 1)(torch.zeros(1, 1, 1))
    except RuntimeError as error:
        raise SettingsError(
            f"precision={settings.precision}: this processor has no such arithmetic for LSTMs; "
            "leave precision=32-true, or train on a GPU."
        ) from error


def _trainer(settings: LoopSettings, score: str, folder: Path) -> lightning.Trainer:
    callbacks: list[Callback] = [
        Recorder(folder),
        EarlyStopping(score, mode="max", patience=settings.patience, check_finite=False),
        ModelCheckpoint(
            folder / CHECKPOINTS,
            filename=_LAST,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]
    shown = sys.stderr.isatty()
    if shown:
        callbacks.append(RichProgressBar(console_kwargs={"stderr": True}))
    try:
        return lightning.Trainer(
            **settings.trainer_options(),
            callbacks=callbacks,
            logger=TensorBoardLogger(folder, name="tensorboard") if settings.tensorboard else False,
            use_distributed_sampler=False,
            log_every_n_steps=1,
            enable_progress_bar=shown,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
    except ModuleNotFoundError as error:
        raise SettingsError(
            "tensorboard=true needs: pip install 'attendome[tensorboard]'"
        ) from error
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        raise SettingsError(
            f"Cannot train on {settings.devices} × {settings.accelerator}: {error}"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's advice out of the user's way, and give Ctrl-C back afterwards."""
    talker = logging.getLogger("lightning.pytorch")
    level, handler = talker.level, signal.getsignal(signal.SIGINT)
    talker.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # The batches are slices of tensors in memory: workers would only copy them.
            warnings.filterwarnings("ignore", ".*does not have many workers.*")
            warnings.filterwarnings("ignore", ".*Checkpoint directory .* exists.*")
            warnings.filterwarnings("ignore", ".*LeafSpec.*")
            # Predictions that are all the same have no correlation: their score is 0.
            warnings.filterwarnings("ignore", "The variance of predictions or target is close.*")
            yield
    finally:
        talker.setLevel(level)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
