//! Secrets: never in a plan, but in the environment or in a file that only its owner can read.

use std::path::{Path, PathBuf};

use super::account::Environment;
use super::document::Section;

/// Largest secret that is read from a file.
const MAX_BYTES: u64 = 64 << 10;

/// A secret that stands elsewhere, `{ env = "NAME" }` or `{ file = "path" }`, and the file that it came from.
pub fn indirect(
    section: &Section<'_>,
    name: &str,
    whose: &str,
    folder: &Path,
    environment: Environment<'_>,
) -> Option<(String, Option<PathBuf>)> {
    let place = section.section(name)?;
    let found = match (place.text("env"), place.text("file")) {
        (Some(env), None) => {
            let found = environment(env).filter(|text| !text.is_empty());
            if found.is_none() {
                section.wrong(name, format!("of {whose} is nowhere: the environment variable {env} is not set"), format!("set {env}"));
            }
            found.map(|text| (text, None))
        }
        (None, Some(path)) => match read(&folder.join(path)) {
            Ok(text) => Some((text, Some(folder.join(path)))),
            Err((why, remedy)) => {
                section.wrong(name, format!("of {whose} cannot be read from its file: {why}"), remedy);
                None
            }
        },
        _ => {
            section.wrong(name, "says neither `env` nor `file`", format!("write {name} = {{ env = \"NAME\" }}"));
            None
        }
    };
    place.finish();
    found
}

/// A secret of a file that only its owner can read, without the line end; else what is wrong with the file, and what to do.
fn read(path: &Path) -> Result<String, (String, String)> {
    let file = path.display();
    let again = format!("write the secret into {file} and run: chmod 600 {file}");
    let facts = std::fs::metadata(path).map_err(|error| (format!("{file}: {error}"), again.clone()))?;
    if facts.is_dir() {
        return Err((format!("{file} is a folder"), "name the file that holds the secret".to_owned()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if facts.permissions().mode() & 0o077 != 0 {
            return Err((format!("others can read {file} too"), format!("run: chmod 600 {file}")));
        }
    }
    if facts.len() > MAX_BYTES {
        return Err((format!("{file} is larger than 64 KiB"), "name a file that holds nothing but the secret".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| (format!("{file}: {error}"), again))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        (format!("{file} holds bytes that are no text"), format!("write the secret into {file} as text, a binary key as base64"))
    })?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() { Err((format!("{file} is empty"), format!("write the secret into {file}"))) } else { Ok(text.to_owned()) }
}

/// Replaces a secret's file, whole or not at all, readable by its owner only.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let fresh = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_secret_is_what_its_file_holds_without_the_line_end() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password.txt");
        std::fs::write(&file, " hunter22 \r\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(read(&file), Ok(" hunter22 ".to_owned()));
    }
}
