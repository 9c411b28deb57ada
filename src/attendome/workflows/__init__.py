"""One function per task of the user: where the Python interface and the command line meet.

Each is imported when it is first used: most need no training library, which takes seconds to load.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "basenji": ["export_basenji", "import_basenji"],
        "building": ["build_all", "build_chromatin", "build_differential"],
        "comparing": ["compare"],
        "covering": ["coverage"],
        "drawing": ["export_figures"],
        "exporting": ["export_attentivechrome"],
        "fetching": ["fetch"],
        "importing": ["import_attentivechrome", "import_weights"],
        "information": ["describe"],
        "run": ["Run", "open_run"],
        "searching": ["search_and_train"],
        "sequence.run": ["SequenceRun"],
        "sequence.variants": ["score_variants"],
        "sequences": ["add_tracks", "build_sequence"],
        "simulating": ["simulate_sequence"],
        "tracks": ["export_tracks"],
        "training": ["train"],
        "validating": ["validate"],
    },
)
