//! Properties that hold for any answer of a node.

use super::Version;
use crate::contract::validate::is_commit;
use crate::text::escape::is_active;

/// Reads a version document. Its commit is a full hash that the document contains. An error is a short line.
pub fn version(body: &[u8]) {
    match Version::read(body) {
        Ok(version) => {
            assert!(is_commit(&version.commit));
            let document = String::from_utf8_lossy(body);
            // A hash may be written with escapes.
            assert!(document.contains(&version.commit) || document.contains("\\u"));
        }
        Err(why) => {
            assert!(!why.is_empty() && why.chars().count() < 400, "{why}");
            assert!(!why.contains(is_active), "{why}");
        }
    }
}
