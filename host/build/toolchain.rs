//! The compiler for the policy: one that has, or can build, a WebAssembly standard library.

use super::{apt, debian};
use anyhow::{Context as _, anyhow, bail};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The target of the policy's core module.
pub const TARGET: &str = "wasm32-unknown-unknown";

const WAYS_OUT: &str = "
  use one of these three ways:
  - `rustup target add wasm32-unknown-unknown`
  - on Debian, `apt-get`, `dpkg-deb` and a network for its packages `rustc-web` and `rust-web-src`
  - `GREENLIGHT_POLICY_WASM=FILE`, to embed a policy component that was built elsewhere";

/// A compiler, and the settings to compile the policy with it.
pub struct Toolchain {
    rustc: PathBuf,
    sysroot: PathBuf,
    library_path: Vec<PathBuf>,
    /// The linker, if the standard library is built as well.
    build_std: Option<PathBuf>,
}

impl Toolchain {
    /// Returns the directory that holds the standard library and its source.
    pub fn sysroot(&self) -> &Path {
        &self.sysroot
    }

    /// Makes a cargo command use this toolchain.
    pub fn apply(&self, cargo: &mut Command) {
        cargo.env("RUSTC", &self.rustc);
        libraries(cargo, &self.library_path);
        if let Some(linker) = &self.build_std {
            cargo
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

/// Finds the toolchain's own WebAssembly standard library, its source, or Debian's.
pub fn find(workspace: &Path, out: &Path) -> anyhow::Result<Toolchain> {
    let rustc = PathBuf::from(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let sysroot = PathBuf::from(print(&rustc, &[], &["sysroot"])?);
    let own = Toolchain {
        rustc,
        sysroot,
        library_path: Vec::new(),
        build_std: None,
    };
    if has_standard_library(&own.rustc)? {
        return Ok(own);
    }
    let debian = || {
        if has_source(&own.sysroot) {
            return Ok(Toolchain {
                build_std: Some(linker(&own.sysroot)?),
                ..own
            });
        }
        from_debian(&target_directory(workspace, out), &own.sysroot)
    };
    debian().map_err(|error: anyhow::Error| {
        anyhow!(
            "find a WebAssembly standard library: this toolchain has no `{TARGET}`, and the \
             search for another one failed to {error:#}{WAYS_OUT}"
        )
    })
}

fn from_debian(target: &Path, own_sysroot: &Path) -> anyhow::Result<Toolchain> {
    let linker = linker(own_sysroot)?;
    let tree = target.join("wasm-toolchain");
    let load = || -> anyhow::Result<Toolchain> {
        let rustc = compiler(&tree)?;
        let library_path = library_path(&tree);
        let release = ask(&rustc, &library_path, &["--version"])?;
        let version = release.strip_prefix("rustc ").unwrap_or(&release);
        if !debian::is_recent(version) {
            bail!("build the policy with `{release}`: it is too old");
        }
        let sysroot = PathBuf::from(print(&rustc, &library_path, &["sysroot"])?);
        if !has_source(&sysroot) {
            bail!(
                "find the standard library's source in `{}`",
                sysroot.display()
            );
        }
        let build_std = Some(linker.clone());
        Ok(Toolchain {
            rustc,
            sysroot,
            library_path,
            build_std,
        })
    };
    // A tree of another system, or one with a compiler that has become too old, is replaced.
    if tree.exists() {
        if let Ok(toolchain) = load() {
            return Ok(toolchain);
        }
        apt::discard(&tree);
    }
    apt::unpack(&tree)?;
    load()
}

/// Asks a compiler for one of the things it prints.
fn print(rustc: &Path, library_path: &[PathBuf], what: &[&str]) -> anyhow::Result<String> {
    ask(rustc, library_path, &[&["--print"], what].concat())
}

/// Runs a compiler and returns its standard output.
fn ask(rustc: &Path, library_path: &[PathBuf], arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(rustc);
    libraries(&mut command, library_path);
    let output = command.args(arguments).output();
    let output = output.with_context(|| format!("run `{}`", rustc.display()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("run `{}`: {}", rustc.display(), text.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn has_standard_library(rustc: &Path) -> anyhow::Result<bool> {
    let libraries = print(rustc, &[], &["target-libdir", "--target", TARGET])?;
    let Ok(entries) = fs::read_dir(libraries) else {
        return Ok(false);
    };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    Ok(names.any(|name| name.to_string_lossy().starts_with("libcore-")))
}

fn has_source(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib/src/rust/library/std/Cargo.toml")
        .is_file()
}

/// Finds a linker for WebAssembly: the toolchain's own, or one that is installed.
fn linker(sysroot: &Path) -> anyhow::Result<PathBuf> {
    // Cargo sets it for build scripts, but not for tests.
    let host = match env::var("HOST") {
        Ok(host) => host,
        Err(_) => print(Path::new("rustc"), &[], &["host-tuple"])?,
    };
    let own = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = ["rust-lld", "wasm-ld"]
        .into_iter()
        .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)));
    [own]
        .into_iter()
        .chain(installed)
        .find(|file| file.is_file())
        .context("find a linker: neither `rust-lld` in the toolchain nor `wasm-ld` is there")
}

/// Finds the compiler in a tree of Debian's packages: beside others it has a folder of its own.
fn compiler(tree: &Path) -> anyhow::Result<PathBuf> {
    let folders = folders(&tree.join("usr/lib")).into_iter();
    [tree.join("usr")]
        .into_iter()
        .chain(folders)
        .map(|folder| folder.join("bin/rustc"))
        .find(|file| file.is_file())
        .with_context(|| {
            format!(
                "find `rustc` in `{}`: is it installed already?",
                tree.display()
            )
        })
}

fn library_path(tree: &Path) -> Vec<PathBuf> {
    ["lib", "usr/lib"]
        .into_iter()
        .flat_map(|folder| folders(&tree.join(folder)))
        .filter(|folder| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut names = entries.map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().contains(".so"))
        })
        .collect()
}

/// Lists the folders in a folder, in the order of their names.
pub fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// Puts folders before those that the dynamic loader searches already.
fn libraries(command: &mut Command, folders: &[PathBuf]) {
    if folders.is_empty() {
        return;
    }
    let inherited = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(env::split_paths(&inherited));
    // It can only fail where a folder's name has a colon, and then the compiler's start says so.
    let joined: OsString = env::join_paths(all).unwrap_or_default();
    command.env("LD_LIBRARY_PATH", joined);
}

/// Finds the folder that builds of this workspace share: cargo marks it.
fn target_directory(workspace: &Path, out: &Path) -> PathBuf {
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    let found = if out.starts_with(workspace) {
        // Coverage tools have a target directory inside the target directory.
        out.ancestors()
            .take_while(|folder| *folder != workspace)
            .filter(marked)
            .last()
    } else {
        out.ancestors().find(marked)
    };
    found.unwrap_or(out).to_path_buf()
}
