//! Keys and tokens that are generated once per data directory.
//! Values never appear in `Debug` or in errors.

use std::{fs, path::PathBuf, sync::Arc};

use super::{DataDir, Error, directory};

/// The `secrets` directory.
#[derive(Debug, Clone)]
pub struct Secrets {
    directory: DataDir,
    making: Arc<std::sync::Mutex<()>>,
}

impl Secrets {
    pub(super) fn new(directory: &DataDir) -> Self {
        Self {
            directory: directory.clone(),
            making: Arc::default(),
        }
    }

    /// The secret called `name`, made by `make` the first time and the same
    /// ever after.
    ///
    /// # Errors
    ///
    /// When it cannot be made, read or stored.
    pub fn get_or_create(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, Error>,
    ) -> Result<String, Error> {
        let _making = self.making.lock().unwrap_or_else(|e| e.into_inner());
        let path = self.path(name)?;
        match fs::read_to_string(&path) {
            Ok(secret) => Ok(secret),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secret = make()?;
                directory::write_private(&path, secret.as_bytes())?;
                Ok(secret)
            }
            Err(error) => Err(Error::io("reading", path)(error)),
        }
    }

    /// Stores a secret under `name`, in place of what was there.
    ///
    /// # Errors
    ///
    /// When it cannot be stored.
    pub fn put(&self, name: &str, secret: &str) -> Result<PathBuf, Error> {
        let path = self.path(name)?;
        directory::write_private(&path, secret.as_bytes())?;
        Ok(path)
    }

    fn path(&self, name: &str) -> Result<PathBuf, Error> {
        Ok(self.directory.subdirectory("secrets")?.join(name))
    }
}

/// `N` random bytes.
///
/// # Errors
///
/// When the operating system gives no random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// `N` random bytes as lower-case hex.
///
/// # Errors
///
/// When the operating system gives no random bytes.
pub(crate) fn random_hex<const N: usize>() -> Result<String, Error> {
    Ok(hex(&random_bytes::<N>()?))
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once() {
        let directory = DataDir::temporary().unwrap();
        let first = Secrets::new(&directory)
            .get_or_create("token", random_hex::<16>)
            .unwrap();
        let second = Secrets::new(&directory)
            .get_or_create("token", random_hex::<16>)
            .unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(first, second);
        let other = Secrets::new(&directory)
            .get_or_create("other", random_hex::<16>)
            .unwrap();
        assert_ne!(first, other);
    }
}
