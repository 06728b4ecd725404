"""Write a chart's values.schema.json from the contract's schema and the chart's own."""  # noqa: INP001 - a script

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHARTS = (ROOT / "charts" / "webservice",)


def compose(contract: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay a chart's own schema beside the contract's; ValueError where it says anything of the contract's keys."""
    whole = {**contract, **own}
    for part in ("properties", "definitions"):
        both = contract[part].keys() & own[part].keys()
        if both:
            raise ValueError(f"{part} of the contract cannot be the chart's too: {', '.join(sorted(both))}")
        whole[part] = {**contract[part], **own[part]}
    return whole


def text(chart: Path) -> str:
    """Give the text that the chart's values.schema.json must have."""
    contract = json.loads((ROOT / "schema" / "values.schema.json").read_text("utf-8"))
    own = json.loads((chart / "own.schema.json").read_text("utf-8"))
    return json.dumps(compose(contract, own), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for chart in CHARTS:
        (chart / "values.schema.json").write_text(text(chart), "utf-8")
