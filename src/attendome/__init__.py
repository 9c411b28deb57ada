"""attendome: predict how active a piece of the genome is, and see what the prediction looked at.

The public names are below; each is imported when it is first used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "data": [
            "ChromatinDataset",
            "SequenceDataset",
            "open_dataset",
            "save_dataset",
            "simulate_chromatin",
        ],
        "errors": ["AttendomeError", "DataError", "RunError", "SettingsError"],
        "models": [
            "AttentiveChrome",
            "AttentiveChromeSettings",
            "AttentiveSet",
            "AttentiveSetSettings",
            "ChromatinOutput",
        ],
        "workflows": [
            "Run",
            "SequenceRun",
            "add_tracks",
            "build_chromatin",
            "build_differential",
            "build_sequence",
            "compare",
            "coverage",
            "export_basenji",
            "export_figures",
            "export_tracks",
            "import_attentivechrome",
            "import_basenji",
            "import_weights",
            "open_run",
            "score_variants",
            "simulate_sequence",
            "train",
            "validate",
        ],
    },
)
__all__ += ["__version__"]
