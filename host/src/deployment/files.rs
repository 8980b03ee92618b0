//! The folder of a deployment: logs and results.

use std::fs;
use std::path::{Path, PathBuf};

use crate::facts::Error;

/// Makes the folder of a deployment, and returns its absolute path.
///
/// # Errors
///
/// If it can't be made.
pub fn folder(records: &Path, deployment: u64) -> Result<PathBuf, Error> {
    let folder = records.join("deployments").join(deployment.to_string());
    let made = fs::create_dir_all(&folder).and_then(|()| {
        let ignore = records.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n")?;
        }
        fs::canonicalize(&folder)
    });
    made.map_err(|error| {
        Error::new(
            format!("failed to make the folder `{}`: {error}", folder.display()),
            "make room, or name a folder that can be written in `[journal] folder`",
        )
    })
}

/// What tells whether a file was written anew: its time, size and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Option<(std::time::SystemTime, u64, u64)>);

impl Stamp {
    /// Looks at a file.
    pub fn of(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let seen = fs::metadata(path).and_then(|it| Ok((it.modified()?, it.len(), it.ino())));
        Self(seen.ok())
    }
}
