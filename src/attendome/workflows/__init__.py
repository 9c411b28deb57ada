"""One function per task of the user: where the Python interface and the command line meet."""

from attendome.workflows.importing import import_attentivechrome, import_weights
from attendome.workflows.run import Run, open_run
from attendome.workflows.training import train

__all__ = ["Run", "import_attentivechrome", "import_weights", "open_run", "train"]
