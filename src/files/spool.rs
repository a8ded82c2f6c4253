//! Temporary files: nobody else may read them, and they are gone with their handle.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers the temporary files of this process.
static COUNT: AtomicU64 = AtomicU64::new(0);
/// Names that are tried before giving up.
const TRIES: u32 = 100;

/// A temporary file that can be read again and again.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    file: File,
}

impl Spool {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut failure = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..TRIES {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("warroom-{}-{number}.tmp", std::process::id()));
            match options.open(&path) {
                Ok(file) => return Ok(Self { path: nameless(path, &file), file }),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// A copy of everything that `input` gives.
    pub fn of(input: &mut impl Read) -> io::Result<Self> {
        let mut spool = Self::new()?;
        io::copy(input, &mut spool.file)?;
        Ok(spool)
    }

    /// A handle at the beginning.
    pub fn rewound(&self) -> io::Result<File> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    pub const fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

/// Takes the file's name away where it can be opened without one: then not even a kill leaves it behind.
#[cfg(target_os = "linux")]
fn nameless(path: PathBuf, file: &File) -> PathBuf {
    let open = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file)));
    if open.exists() && std::fs::remove_file(&path).is_ok() { open } else { path }
}

#[cfg(not(target_os = "linux"))]
fn nameless(path: PathBuf, _: &File) -> PathBuf {
    path
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Nothing is left to do where it cannot be removed: it has no name any more, or the system clears its own folder.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_spool_is_read_from_its_beginning_however_often_and_beside_its_writer() {
        let mut spool = Spool::of(&mut &b"one two"[..]).unwrap();
        let (mut first, mut second, mut text) = (spool.rewound().unwrap(), spool.rewound().unwrap(), String::new());
        first.read_to_string(&mut text).unwrap();
        spool.file().write_all(b" three").unwrap();
        second.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one twoone two three");
        #[cfg(target_os = "linux")]
        assert!(spool.path.starts_with("/proc"), "it has no name: {:?}", spool.path);
    }
}
