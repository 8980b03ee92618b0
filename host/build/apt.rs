//! Debian's compiler, downloaded and unpacked below the target directory; nothing is installed.

use super::{debian, toolchain::folders};
use anyhow::{Context as _, bail};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{self, Command},
};

/// A compiler and the source of its standard library, the preferred pair first.
const CANDIDATES: [[&str; 2]; 2] = [["rustc-web", "rust-web-src"], ["rustc", "rust-src"]];

/// Downloads the packages and unpacks them into `tree`, which then is either complete or absent.
pub fn unpack(tree: &Path) -> anyhow::Result<()> {
    let scratch = Scratch::new(tree)?;
    let (root, found) = fetch(&Apt::default(), &scratch.0.join("system")).or_else(|_| {
        // The system's package lists may be empty or outdated, so this build fetches its own.
        let apt = Apt::updated(&scratch.0)?;
        fetch(&apt, &scratch.0.join("updated"))
    })?;
    // Another build may have created the same tree in the meantime.
    if let Err(error) = fs::rename(&root, tree)
        && !tree.is_dir()
    {
        return Err(error).with_context(|| format!("create `{}`", tree.display()));
    }
    println!(
        "cargo::warning=this toolchain has no WebAssembly standard library: Debian's {found}, \
         unpacked in `{}`, builds one for the policy (nothing was installed)",
        tree.display()
    );
    Ok(())
}

/// Removes a tree: renames it first, so that it disappears at once.
pub fn discard(tree: &Path) {
    let hidden = beside(tree, "old");
    if fs::rename(tree, &hidden).is_ok() {
        // `cargo clean` removes files that this call can't remove.
        let _ = fs::remove_dir_all(hidden);
    }
}

/// Downloads and unpacks, and returns the folder with the packages' files and what they are.
fn fetch(apt: &Apt, folder: &Path) -> anyhow::Result<(PathBuf, String)> {
    let (pair, found) = apt.pair()?;
    let simulate = ["install", "--simulate", "--no-install-recommends"];
    let simulation = apt.run("apt-get", &simulate, &pair, Path::new("/"))?;
    let packages = debian::new_packages(&simulation);
    let (downloads, root) = (folder.join("packages"), folder.join("root"));
    create(&downloads)?;
    apt.run("apt-get", &["download"], &packages, &downloads)?;
    create(&root)?;
    for entry in fs::read_dir(&downloads).context("read the downloaded packages")? {
        let package = entry.context("read the downloaded packages")?.path();
        output(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root))?;
    }
    prune(&root)?;
    Ok((root, found))
}

/// Removes the compiler's own source, which is half of all the files: only `library` is built.
fn prune(root: &Path) -> anyhow::Result<()> {
    let sources = folders(&root.join("usr/src"));
    for folder in sources.iter().flat_map(|source| folders(source)) {
        if !folder.ends_with("library") {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("remove `{}`", folder.display()))?;
        }
    }
    Ok(())
}

/// The package tools, with the system's package lists or those of this build.
#[derive(Default)]
struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// Fetches package lists into a folder of this build, which works without root.
    fn updated(scratch: &Path) -> anyhow::Result<Self> {
        let (state, cache) = (scratch.join("state"), scratch.join("cache"));
        create(&state.join("lists/partial"))?;
        create(&cache.join("archives/partial"))?;
        let apt = Self {
            options: vec![
                format!("-oDir::State={}", state.display()),
                format!("-oDir::State::lists={}", state.join("lists").display()),
                format!("-oDir::Cache={}", cache.display()),
                // Root's helper user may not be able to reach the target directory.
                "-oAPT::Sandbox::User=root".to_owned(),
            ],
        };
        apt.run("apt-get", &["update"], &[], scratch)?;
        Ok(apt)
    }

    /// Finds the first pair of packages that are available and recent.
    fn pair(&self) -> anyhow::Result<([&'static str; 2], String)> {
        let policy = self.run(
            "apt-cache",
            &["policy"],
            &CANDIDATES.concat(),
            Path::new("/"),
        )?;
        for pair in CANDIDATES {
            let [rustc, source] = pair;
            if let Some(version) = debian::candidate(&policy, rustc)
                && debian::candidate(&policy, source) == Some(version)
                && debian::is_recent(version)
            {
                return Ok((pair, format!("`{rustc}` and `{source}` {version}")));
            }
        }
        bail!("find a recent `rustc-web` or `rustc` with its source among Debian's packages")
    }

    fn run(
        &self,
        program: &str,
        action: &[&str],
        packages: &[&str],
        folder: &Path,
    ) -> anyhow::Result<String> {
        let mut command = Command::new(program);
        command.args(&self.options).args(action).args(packages);
        output(command.current_dir(folder))
    }
}

/// Runs a package tool and returns what it prints.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    // The output is parsed in English, and the tools must not load the build's libraries.
    let output = command
        .env("LC_ALL", "C")
        .env_remove("LD_LIBRARY_PATH")
        .output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("use Debian's packages: `{program}` is not installed")
        }
        other => other.with_context(|| format!("run `{program}`"))?,
    };
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("run `{program}`: {}", text.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A temporary folder beside the tree, on the same file system.
struct Scratch(PathBuf);

impl Scratch {
    fn new(tree: &Path) -> anyhow::Result<Self> {
        let scratch = Self(beside(tree, "new"));
        // A build that was killed may have had the same process id.
        let _ = fs::remove_dir_all(&scratch.0);
        create(&scratch.0)?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn beside(tree: &Path, what: &str) -> PathBuf {
    tree.with_extension(format!("{what}-{}", process::id()))
}

fn create(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))
}
