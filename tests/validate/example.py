"""The handbook's example."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "pendulum"
