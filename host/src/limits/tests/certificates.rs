//! Reads a file with certificates.

use std::path::Path;

use crate::tls::{Context, NamedFile, Trust, Verify};

/// Reads the file as the certificates of authorities.
pub(super) fn read(path: &Path) -> Result<(), String> {
    let file = NamedFile {
        setting: "tls.ca-file".to_owned(),
        path: path.to_owned(),
    };
    let trust = Trust {
        files: vec![file],
        ..Trust::default()
    };
    Context::new(trust, Verify::Name).config().map(drop)
}
