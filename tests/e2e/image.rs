//! A tiny image, as a folder of files: an OCI image layout
//! (<https://github.com/opencontainers/image-spec/blob/v1.0.2/image-layout.md>).

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An empty tar archive, gzipped: the layer without files that Docker writes, too.
const LAYER: [u8; 32] = [
    31, 139, 8, 0, 0, 9, 110, 136, 0, 255, 98, 24, 5, 163, 96, 20, 140, 88, 0, 8, 0, 0, 255, 255,
    46, 175, 181, 239, 0, 4, 0, 0,
];

/// The digest of the same archive, not gzipped.
const ARCHIVE: &str = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/// The label that names the commit an image was built from.
pub const COMMIT_LABEL: &str = "org.opencontainers.image.revision";

/// Writes the image of a commit into the folder, and gives the digest of its manifest. Another commit's
/// image has another digest, the same commit's the same.
pub fn write(folder: &Path, commit: &str) -> String {
    fs::create_dir_all(folder.join("blobs/sha256")).expect("a folder for blobs");
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Labels": { COMMIT_LABEL: commit } },
        "rootfs": { "type": "layers", "diff_ids": [ARCHIVE] },
    });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(folder, "config.v1+json", config.to_string().as_bytes()),
        "layers": [blob(folder, "layer.v1.tar+gzip", &LAYER)],
    });
    let manifest = blob(folder, "manifest.v1+json", manifest.to_string().as_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    let layout = json!({ "imageLayoutVersion": "1.0.0" });
    fs::write(folder.join("index.json"), index.to_string()).expect("an index");
    fs::write(folder.join("oci-layout"), layout.to_string()).expect("a layout");
    let digest = manifest["digest"].as_str();
    digest.expect("a digest is text").to_owned()
}

/// Stores a blob, and describes it.
fn blob(folder: &Path, kind: &str, bytes: &[u8]) -> Value {
    let mut name = String::new();
    for byte in Sha256::digest(bytes) {
        write!(name, "{byte:02x}").expect("text can be written to");
    }
    fs::write(folder.join("blobs/sha256").join(&name), bytes).expect("a blob");
    json!({
        "mediaType": format!("application/vnd.oci.image.{kind}"),
        "digest": format!("sha256:{name}"),
        "size": bytes.len(),
    })
}
