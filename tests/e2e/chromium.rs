//! A file as headless Chromium shows it.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use crate::process::{self, Process};
use crate::programs;

const LIMIT: Duration = Duration::from_mins(1);

/// The document of a page after its scripts have run, as HTML.
#[track_caller]
pub fn dump_dom(page: &Path) -> String {
    chromium(page, &["--dump-dom".to_owned()])
}

/// The document of a page some seconds after it was loaded.
#[track_caller]
pub fn dump_dom_later(page: &Path) -> String {
    let options = [
        "--dump-dom".to_owned(),
        "--virtual-time-budget=20000".to_owned(),
    ];
    chromium(page, &options)
}

/// The document behind a URL on loopback, as it is some seconds after it was loaded.
#[track_caller]
pub fn dump_dom_of(url: &str) -> String {
    dump_dom_in("UTC", url)
}

/// The document behind a URL on loopback, for a reader in a time zone.
#[track_caller]
pub fn dump_dom_in(zone: &str, url: &str) -> String {
    let options = [
        "--dump-dom".to_owned(),
        "--virtual-time-budget=5000".to_owned(),
    ];
    open(url.as_ref(), &options, zone)
}

/// A picture of a page, written as PNG. Width and height of the window are in pixels; what is below is
/// cut off.
#[track_caller]
pub fn screenshot(page: &Path, png: &Path, width: u32, height: u32) {
    // Chromium ends with 0 without a picture, too; one that was there would be taken for it.
    let _ = fs::remove_file(png);
    let options = [
        format!("--screenshot={}", png.display()),
        format!("--window-size={width},{height}"),
        "--hide-scrollbars".to_owned(),
    ];
    chromium(page, &options);
    assert!(png.is_file(), "chromium has made no picture");
}

/// Runs it with the options, and gives its standard output.
#[track_caller]
fn chromium(page: &Path, options: &[String]) -> String {
    let page = fs::canonicalize(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let mut url = std::ffi::OsString::from("file://");
    url.push(page);
    open(&url, options, "UTC")
}

/// Runs Chromium with a URL, in a time zone.
#[track_caller]
fn open(url: &std::ffi::OsStr, options: &[String], zone: &str) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let stream = |name: &str| File::create(home.path().join(name)).expect("a file");
    let mut data = std::ffi::OsString::from("--user-data-dir=");
    data.push(home.path().join("data"));
    let process = Process::start(
        "chromium",
        process::guarded(&programs::chromium(), home.path())
            .env("TZ", zone)
            .args(["--headless", "--disable-gpu", "--no-first-run"])
            // Tests run as root in CI, where Chromium has no sandbox; the page is the test's own.
            .args(["--no-sandbox", "--disable-dev-shm-usage"])
            // Nothing is fetched, by the page or by the browser.
            .arg("--disable-background-networking")
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
            .arg(data)
            .args(options)
            .arg(url)
            .stdout(stream("stdout"))
            .stderr(stream("stderr")),
    );
    let status = process.wait(LIMIT);
    let said = |name: &str| fs::read_to_string(home.path().join(name)).expect("UTF-8");
    assert!(status.success(), "chromium: {status}\n{}", said("stderr"));
    said("stdout")
}
