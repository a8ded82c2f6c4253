//! Files that only their owner can read: they hold what customers bought and wrote.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file for writing; one that is made here can be read by nobody else. What stands in it stays, and so do the rights that
/// its owner has given.
///
/// # Errors
/// When it cannot be opened or made.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::Permissions;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_file_is_its_owners_and_one_that_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        std::fs::write(&old, "before").unwrap();
        std::fs::set_permissions(&old, Permissions::from_mode(0o640)).unwrap();
        for (path, mode) in [(&new, 0o600), (&old, 0o640)] {
            open(path).unwrap().write_all(b"now").unwrap();
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "nowore");
    }
}
