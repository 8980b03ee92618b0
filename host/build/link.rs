//! How the program is linked.

use std::env;
use std::process::Command;

/// The first version of the GNU C library whose static start-up code reads packed relocations.
///
/// Source: the file `NEWS` of its version 2.36, "Support for `DT_RELR` relative relocation format".
const PACKED_SINCE: (u32, u32) = (2, 36);

/// Packs the relocations of a release build: the program starts with fewer pages, and is half a megabyte smaller.
///
/// A static program contains the start-up code of the machine that links it. An older library would not find its
/// relocations, so the program would crash. Then, and where the version is not known, they stay as they are.
pub fn pack_relocations() {
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|it| it == value);
    let is_native = env::var("HOST").is_ok_and(|host| is("TARGET", &host));
    let is_static = env::var("CARGO_CFG_TARGET_FEATURE")
        .is_ok_and(|it| it.split(',').any(|it| it == "crt-static"));
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !(is("PROFILE", "release") && is_native && is_static && is_gnu) {
        return;
    }
    if library_version().is_some_and(|it| it >= PACKED_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the machine's C library: `getconf` prints `glibc 2.36`.
fn library_version() -> Option<(u32, u32)> {
    let output = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    // A version of a development branch has a third number.
    let minor = minor.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
