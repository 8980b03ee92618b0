//! Parses the output of Debian's package tools.

/// The policy's manifest, which has the oldest supported compiler version.
const POLICY: &str = include_str!("../../guest/Cargo.toml");

/// Returns the oldest compiler that builds the policy: the `rust-version` of its manifest, which covers
/// all crates that it is built from.
pub fn oldest() -> Option<(u32, u32)> {
    let mut lines = POLICY.lines();
    let version = lines.find_map(|line| line.strip_prefix("rust-version = "))?;
    numbers(version.trim_matches('"'))
}

/// Reads the first two numbers of a version.
pub fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

/// Returns the candidate version of a package in the output of `apt-cache policy`, if there is
/// one.
pub fn candidate<'a>(policy: &'a str, package: &str) -> Option<&'a str> {
    policy
        .lines()
        .skip_while(|line| line.strip_suffix(':') != Some(package))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
}

/// Returns whether the compiler of this version, of a package or its own word, is new enough for the policy.
pub fn is_recent(version: &str) -> bool {
    // `epoch:upstream-revision`; only the first two numbers of the middle count.
    let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
    numbers(upstream).is_some_and(|found| Some(found) >= oldest())
}

/// Returns the packages that `apt-get install --simulate` would newly install.
///
/// An upgrade, which names the installed version in brackets, is not among them: what is installed
/// stays in use. A second C library in the loader's path would not fit the loader.
pub fn new_packages(simulation: &str) -> Vec<&str> {
    simulation
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split_once(' '))
        .filter(|(_, rest)| !rest.starts_with('['))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
rustc-web:
  Installed: (none)
  Candidate: 1.96.0+dfsg1-1~deb12u2
  Version table:
     1.96.0+dfsg1-1~deb12u2 500
rustc:
  Installed: 1.63.0+dfsg1-2
  Candidate: (none)
  Version table:
 *** 1.63.0+dfsg1-2 100
";

    #[test]
    fn candidate_is_that_of_the_package() {
        assert_eq!(
            candidate(PRINTED, "rustc-web"),
            Some("1.96.0+dfsg1-1~deb12u2")
        );
        assert_eq!(candidate(PRINTED, "rustc"), None);
        assert_eq!(candidate(PRINTED, "rust-src"), None);
        assert_eq!(candidate("", "rustc"), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for recent in ["1.88.0+dfsg3-1~deb12u3", "1.96.0", "2:1.100.1-1", "2.0"] {
            assert!(is_recent(recent), "{recent}");
        }
        for old in [
            "1.63.0+dfsg1-2",
            "1.85.0+dfsg3-1~deb12u3",
            "1.9.0",
            "2:1.84.1",
            "0.99",
            "1",
            "",
            "unknown",
        ] {
            assert!(!is_recent(old), "{old}");
        }
    }

    #[test]
    fn only_new_packages_are_taken() {
        let simulation = "\
Reading package lists...
The following NEW packages will be installed:
  libllvm22 rustc-web
Inst libc6 [2.36-9] (2.36-10 Debian:12/oldstable [amd64])
Inst libllvm22 (1:22.1.8-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
Inst rustc-web (1.96.0+dfsg1-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Conf libllvm22 (1:22.1.8-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
";
        assert_eq!(new_packages(simulation), ["libllvm22", "rustc-web"]);
    }
}
