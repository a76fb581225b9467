"""The pages as Chromium shows them: nothing asked for, nothing broken, nothing cut off."""

import json
import shutil
from contextlib import contextmanager
from importlib.resources import files

import pytest

from sknn.report import Report

pytestmark = pytest.mark.slow

SCHEMES, WIDTHS = ("light", "dark"), (390, 1280)
CONTRAST = """
const rgb = s => s.match(/[\\d.]+/g).slice(0, 3).map(Number);
const light = s => { const c = rgb(s).map(v => (v /= 255) <= 0.04045 ? v / 12.92 :
  ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
const back = light(getComputedStyle(document.body).backgroundColor);
const texts = [...document.querySelectorAll('figure text')].filter(t => t.checkVisibility());
return [texts.length, ...texts.map(t => light(getComputedStyle(t).fill)).map(l =>
  (Math.max(l, back) + 0.05) / (Math.min(l, back) + 0.05))];"""


# ---- the browser ----


@contextmanager
def chromium():
    """A driver of Debian's Chromium; the test is skipped where it is not there."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    # axe-core looks for long at a page of fifty figures where the machine has other things to do.
    browser.set_script_timeout(300)
    try:
        yield browser
    finally:
        browser.quit()


def look(browser, page, scheme, width):
    """Open a page on a screen of that width and colour scheme."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(page.as_uri())


def requests(browser):
    """What the browser has asked for since the last call, but for what lay in the page itself."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if "requestWillBeSent" in m["method"]]
    return {url for url in urls if not url.startswith("data:")}


def violations(browser):
    """What axe-core finds that keeps people out: serious or critical."""
    package = pytest.importorskip("axe_core_python", reason="needs axe-core-python")
    browser.execute_script(files(package).joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then(done)"
    )
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


# ---- the pages ----


@pytest.fixture(scope="module")
def browser():
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="module")
def pages(hostile, result, key_features, tmp_path_factory):
    """A report on a table with hostile names, and one on a study."""
    out = tmp_path_factory.mktemp("pages")
    study = Report.from_study(result, key_features=key_features)
    return {
        "table": hostile.to_html(out / "table.html"),
        "study": study.to_html(out / "study.html"),
    }


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["table", "study"])
def test_a_page(browser, pages, name, width, scheme):
    look(browser, pages[name], scheme, width)
    assert browser.get_log("browser") == []
    assert requests(browser) == {pages[name].as_uri()}
    # All but the bar that scrolls down.
    wide = "const e = document.documentElement; return [innerWidth, e.scrollWidth - e.clientWidth]"
    assert browser.execute_script(wide) == [width, 0]
    broken = "return [...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert browser.execute_script(broken) == 0
    # Each picture is there once, for this scheme.
    hidden = """return [...document.querySelectorAll('.picture')].filter(p =>
      [...p.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 40).length != 1
    ).length"""
    assert browser.execute_script(hidden) == 0
    assert violations(browser) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_of_figures_can_be_read(browser, pages, scheme):
    look(browser, pages["table"], scheme, 1280)
    n_texts, *ratios = browser.execute_script(CONTRAST)
    assert n_texts > 100
    # Numbers on the cells of a matrix lie on other colours than the page's.
    assert sum(ratio >= 4.5 for ratio in ratios) > 0.6 * n_texts


def test_print_is_light_on_a_dark_screen(browser, pages):
    look(browser, pages["table"], "dark", 1280)
    media = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    color = "return getComputedStyle(document.body).backgroundColor"
    assert browser.execute_script(color) == "rgb(255, 255, 255)"
    shown = "return [...document.querySelectorAll('.in-dark')].some(e => e.checkVisibility())"
    assert browser.execute_script(shown) is False
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
