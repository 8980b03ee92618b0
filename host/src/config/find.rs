//! Locates the configuration, in the same way for every command.
//!
//! `--config` names it, or else the variable `GREENLIGHT_CONFIG`. Without both, it is `greenlight.toml` in the
//! folder of `--repo` or in the current folder, or else, as git does, in the nearest parent folder up to the root
//! of the repository. Outside a repository, parent folders are not searched.

use std::env;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::FILE;
use crate::error::Error;
use crate::limits::{self, file};

/// The text of a configuration.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file, as messages name it.
    pub path: PathBuf,
    /// Its contents.
    pub text: String,
}

impl Found {
    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        let folder = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        folder.unwrap_or(Path::new("."))
    }
}

/// Reads the file that the command line or a variable names.
///
/// # Errors
///
/// If the file can't be read, or is not UTF-8.
pub fn named(path: &Path) -> Result<Found, Error> {
    read(path)
        .map_err(|error| unreadable(path, &error))
        .and_then(|text| text_of(path, text))
}

/// Searches for the file from a folder, or from the current one. Every command does so at its start: parent folders
/// are first asked for `.git` alone, and only those inside the repository are asked for the file.
///
/// # Errors
///
/// If a file exists that can't be read, or that is not UTF-8.
pub fn above(folder: Option<&Path>) -> Result<Option<Found>, Error> {
    let near = folder.map_or_else(|| PathBuf::from(FILE), |folder| folder.join(FILE));
    if let Some(found) = at(&near)? {
        return Ok(Some(found));
    }
    // With `..` or symbolic links in the name, its prefixes would not be the parent folders.
    let from = match folder {
        None => env::current_dir(),
        Some(folder) => folder.canonicalize(),
    };
    let Ok(from) = from else {
        return Ok(None);
    };
    let has_git = |folder: &&Path| exists(&folder.join(".git"));
    let Some(root) = from
        .ancestors()
        .find(has_git)
        .or_else(|| from.ancestors().find(|it| is_bare(it)))
    else {
        return Ok(None);
    };
    for folder in from.ancestors().skip(1).filter(|it| it.starts_with(root)) {
        if let Some(found) = at(&folder.join(FILE))? {
            let mut below = from.ancestors().take_while(|it| *it != folder);
            return Ok((!below.any(is_bare)).then_some(found));
        }
    }
    Ok(None)
}

/// Whether a folder is a bare repository, which is a root without `.git`.
fn is_bare(folder: &Path) -> bool {
    ["HEAD", "objects", "refs"]
        .iter()
        .all(|name| exists(&folder.join(name)))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn at(path: &Path) -> Result<Option<Found>, Error> {
    match read(path) {
        Ok(text) => text_of(path, text).map(Some),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    file::read(path, &limits::CONFIGURATION)
}

fn text_of(path: &Path, text: Vec<u8>) -> Result<Found, Error> {
    let name = path.display();
    let text = String::from_utf8(text).map_err(|_| {
        Error::new(
            format!("failed to read the configuration from `{name}`: it is not UTF-8"),
            "save the file as UTF-8",
        )
    })?;
    Ok(Found {
        path: path.to_owned(),
        text,
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::new(
        format!(
            "failed to read the configuration from `{}`: {error}",
            path.display()
        ),
        "name a file that exists and can be read with `--config` or `GREENLIGHT_CONFIG`",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folders(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for name in names {
            fs::create_dir_all(root.path().join(name)).expect("a folder");
        }
        root
    }

    fn found(folder: &Path) -> Option<String> {
        above(Some(folder)).expect("readable").map(|it| it.text)
    }

    #[test]
    fn the_nearest_one_up_to_the_root_of_the_repository() {
        let root = folders(&[
            "repo/.git",
            "repo/a/b",
            "repo/bare/refs",
            "repo/bare/objects",
            "other",
        ]);
        let write = |name: &str| fs::write(root.path().join(name), name).expect("written");
        write("greenlight.toml");
        let at = |name: &str| found(&root.path().join(name));
        assert_eq!(at("repo/a/b"), None, "above the root");
        write("repo/greenlight.toml");
        assert_eq!(at("repo/a/b").as_deref(), Some("repo/greenlight.toml"));
        write("repo/a/greenlight.toml");
        assert_eq!(at("repo/a/b").as_deref(), Some("repo/a/greenlight.toml"));
        assert_eq!(
            at("repo/a/b/../..").as_deref(),
            Some("repo/greenlight.toml")
        );
        assert_eq!(at("").as_deref(), Some("greenlight.toml"));
        assert_eq!(at("other"), None, "outside a repository");
        fs::write(root.path().join("repo/bare/HEAD"), "").expect("written");
        assert_eq!(at("repo/bare"), None, "a bare repository is a root");
        assert_eq!(at("repo/bare/refs"), None, "of its own folders as well");
        write("repo/bare/greenlight.toml");
        assert_eq!(
            at("repo/bare/refs").as_deref(),
            Some("repo/bare/greenlight.toml")
        );
        fs::write(root.path().join("other/.git"), "gitdir: x").expect("written");
        assert_eq!(at("other"), None, "a worktree is a root");
        assert_eq!(at("no/such/folder"), None);
    }

    #[test]
    fn a_file_that_can_not_be_read_is_an_error() {
        let root = folders(&["greenlight.toml"]);
        let error = above(Some(root.path())).expect_err("a folder");
        assert!(error.message.contains("greenlight.toml"), "{error}");
        let root = folders(&[]);
        fs::write(root.path().join(FILE), b"\xff").expect("written");
        let error = above(Some(root.path())).expect_err("no text");
        assert!(error.message.contains("not UTF-8"), "{error}");
        let error = named(&root.path().join("no")).expect_err("no file");
        assert!(error.message.contains("No such file"), "{error}");
    }
}
