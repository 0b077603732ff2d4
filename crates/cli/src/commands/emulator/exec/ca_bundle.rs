//! A certificate bundle for the variables that replace a program's trust store: what the
//! system and the user trust already, and the emulator's authority.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::failure::{Failure, Result};

/// Writes the bundle. `users` are bundles that the user's own variables name.
pub(super) fn write(target: &Path, emulator: &Path, users: &[PathBuf]) -> Result<()> {
    let mut bundle = std::fs::read_to_string(emulator)
        .map_err(|error| Failure::file("read the certificate authority", emulator, error))?;
    for user in users {
        match std::fs::read_to_string(user) {
            Ok(text) => {
                end_line(&mut bundle);
                bundle.push_str(&text);
            }
            // A program would have failed over it too, but only if it looked.
            Err(error) => tracing::warn!("{} is left out: {error}", user.display()),
        }
    }
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::info!("a certificate of the system is left out: {error}");
    }
    for certificate in &system.certs {
        end_line(&mut bundle);
        pem(&mut bundle, certificate);
    }
    crate::files::write_public(target, bundle.as_bytes())
}

fn end_line(bundle: &mut String) {
    if !bundle.is_empty() && !bundle.ends_with('\n') {
        bundle.push('\n');
    }
}

fn pem(bundle: &mut String, der: &[u8]) {
    bundle.push_str("-----BEGIN CERTIFICATE-----\n");
    let text = STANDARD.encode(der);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        bundle.push_str(line);
        bundle.push('\n');
        rest = after;
    }
    bundle.push_str("-----END CERTIFICATE-----\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_has_short_lines() {
        let mut bundle = "x".to_owned();
        end_line(&mut bundle);
        pem(&mut bundle, &[0xff; 50]);
        let lines: Vec<_> = bundle.lines().collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[2].len(), 64);
        assert_eq!(lines[3], "//8=");
    }

    #[test]
    fn the_users_own_bundle_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("ca.pem"), "OURS").unwrap();
        std::fs::write(path("corporate.pem"), "THEIRS").unwrap();
        write(
            &path("bundle.pem"),
            &path("ca.pem"),
            &[path("corporate.pem"), path("missing.pem")],
        )
        .unwrap();
        let bundle = std::fs::read_to_string(path("bundle.pem")).unwrap();
        assert!(bundle.starts_with("OURS\nTHEIRS"), "{bundle}");
    }
}
