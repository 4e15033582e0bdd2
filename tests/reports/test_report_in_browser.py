"""The page's own script in headless Chromium, where that is installed: sorting, filtering, light and dark."""

import re
import shutil
import subprocess

import pytest

from picojoule.reports import report
from test_report_across import result

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")]


def browse(page: str, tmp_path, *options: str, then: str = "") -> str:
    """The document after its script and one of ours."""
    file = tmp_path / "page.html"
    file.write_text(page.replace("</body>", f"<script>{then}</script></body>"))
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run([*command, *options, file.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def systems(document: str) -> list[str]:
    """Names of the rows that are seen, in order."""
    body = document.split("Table of systems")[1].split("</table>")[0].split("<tbody>")[1]
    seen = [row for row in body.split("<tr")[1:] if not row.startswith(' hidden=""')]
    return [re.search(r"<th[^>]*>([^<]*)</th>", row)[1] for row in seen]


@pytest.fixture(scope="module")
def page() -> str:
    return report([result("a", "d"), result("b", "e")]).html()


def test_words_filter_and_a_heading_sorts(page, tmp_path):
    everything = systems(browse(page, tmp_path, "--dump-dom"))
    assert len(everything) == 6
    then = """
      const box = document.querySelector(".sift input");
      box.value = "a: -ttfs";
      box.dispatchEvent(new Event("input"));
      document.querySelectorAll("table.systems thead button")[1].click();
    """
    document = browse(page, tmp_path, "--dump-dom", then=then)
    assert systems(document) == ["a: rate T=8", "a: ann fp32"], "of a alone, no TTFS, by rising accuracy"
    assert "2 of 6" in document and 'aria-sort="ascending"' in document


def test_it_is_light_and_dark(page, tmp_path):
    shots = []
    for scheme in (0, 1):  # dark, light
        shot = tmp_path / f"{scheme}.png"
        browse(page, tmp_path, f"--screenshot={shot}", f"--blink-settings=preferredColorScheme={scheme}")
        shots.append(shot)
    from PIL import Image

    dark, light = (Image.open(shot).convert("L").getpixel((5, 5)) for shot in shots)
    assert dark < 40 and light > 240


def test_it_asks_the_network_for_nothing(page):
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
