//! Writes files so that a failure leaves the earlier contents: a new file is written first, and then takes the name.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

/// Replaces a file, or creates it. A pipe or a device is written to. A link is followed.
///
/// # Errors
///
/// If the file can't be written, or is write-protected: its mode lets no user write. A regular file then has its earlier contents, unless its folder or its owner forbids
/// a new file: such a file is written in place.
pub fn replace(file: &Path, contents: &[u8]) -> io::Result<()> {
    let target = match fs::canonicalize(file) {
        Ok(target) => target,
        // The target of the link does not exist yet, so it has no contents to keep.
        Err(error) if error.kind() == ErrorKind::NotFound && file.is_symlink() => {
            return fs::write(file, contents);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => file.to_owned(),
        Err(error) => return Err(error),
    };
    let earlier = match fs::metadata(&target) {
        Ok(earlier) if !earlier.is_file() => return fs::write(file, contents),
        // A new file would take its name, and the superuser could write to it.
        Ok(earlier) if earlier.mode() & 0o222 == 0 => {
            let why = "the file is write-protected";
            return Err(io::Error::new(ErrorKind::PermissionDenied, why));
        }
        Ok(earlier) => Some(earlier),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let made = tempfile::Builder::new()
        .prefix(".greenlight-")
        // The system removes the bits of the umask.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder);
    let mut new = match made {
        Ok(new) => new,
        // A file that can be written may be in a folder that can't.
        Err(error) if is_forbidden(&error) => return fs::write(file, contents),
        Err(error) => return Err(error),
    };
    if let Some(earlier) = earlier {
        // The steps of a CI system can run as different users, which share the file.
        let own = new.as_file().metadata()?;
        if (own.uid(), own.gid()) != (earlier.uid(), earlier.gid())
            && fchown(new.as_file(), Some(earlier.uid()), Some(earlier.gid())).is_err()
        {
            return fs::write(file, contents);
        }
        new.as_file().set_permissions(earlier.permissions())?;
    }
    new.write_all(contents)?;
    new.as_file().sync_all()?;
    new.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_created_and_replaced_with_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report");
        replace(&file, b"one").expect("written");
        assert_eq!(fs::read(&file).expect("a file"), b"one");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("set");
        replace(&file, b"two").expect("written");
        assert_eq!(fs::read(&file).expect("a file"), b"two");
        let mode = file.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 1);
    }

    #[test]
    fn a_write_protected_file_is_left_unchanged() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report");
        fs::write(&file, "kept").expect("written");
        fs::set_permissions(&file, Permissions::from_mode(0o444)).expect("set");
        let error = replace(&file, b"two").expect_err("it is write-protected");
        assert_eq!(error.to_string(), "the file is write-protected");
        assert_eq!(fs::read(&file).expect("a file"), b"kept");
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "one").expect("written");
        symlink(&file, &link).expect("a link");
        replace(&link, b"two").expect("written");
        assert_eq!(fs::read(&file).expect("a file"), b"two");
        assert!(link.is_symlink());
    }

    #[test]
    fn the_missing_target_of_a_link_is_created() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        symlink(&file, &link).expect("a link");
        replace(&link, b"one").expect("written");
        assert_eq!(fs::read(&file).expect("a file"), b"one");
        assert!(link.is_symlink());
    }

    #[test]
    fn a_device_is_written_to() {
        replace(Path::new("/dev/null"), b"one").expect("written");
        let full = replace(Path::new("/dev/full"), b"one").expect_err("full");
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = replace(&folder.path().join("none/file"), b"one").expect_err("none");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(replace(folder.path(), b"one").is_err(), "a folder");
    }
}
