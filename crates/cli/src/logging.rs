//! Logs on standard error, with secrets taken out twice: by the shape of what is written,
//! and by value for every secret this process was given.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::failure::{Failure, Result};

/// Values shorter than this could hide ordinary words.
const SHORTEST_SECRET: usize = 6;

static SECRETS: OnceLock<Mutex<Vec<String>>> = OnceLock::new();

/// Starts logging: `AZML_LOG` holds a filter; without it `-v` asks for more.
pub(crate) fn init(verbose: u8) -> Result<()> {
    let filter = match std::env::var("AZML_LOG") {
        Ok(filter) if !filter.is_empty() => EnvFilter::try_new(&filter).map_err(|error| {
            Failure::usage(format!("AZML_LOG: {error}"))
                .hint("write a level, or target=level pairs: AZML_LOG=azml_core=debug")
        })?,
        _ => EnvFilter::new(match verbose {
            0 => "error",
            1 => {
                "warn,azml=info,azml_core=info,azml_auth=info,azml_emulator=info,azml_studio_classic=info"
            }
            2 => {
                "info,azml=debug,azml_core=debug,azml_auth=debug,azml_emulator=debug,azml_studio_classic=debug,azure_core=debug"
            }
            _ => "trace",
        }),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Redacting)
        .with_ansi(false)
        .init();
    Ok(())
}

/// Never shows this value in a log from now on.
pub(crate) fn hide(secret: &str) {
    if secret.len() < SHORTEST_SECRET {
        return;
    }
    let mut secrets = SECRETS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if !secrets.iter().any(|known| known == secret) {
        secrets.push(secret.to_owned());
    }
}

fn redact(text: &str) -> String {
    let mut text = azml_core::redact::text(text);
    if let Some(secrets) = SECRETS.get() {
        let secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets.iter() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "REDACTED");
            }
        }
    }
    text
}

/// Makes the writer of one event.
struct Redacting;

/// Holds the text of one event until it is whole, then shows it without secrets.
struct Event(Vec<u8>);

impl<'a> MakeWriter<'a> for Redacting {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event(Vec::new())
    }
}

impl Write for Event {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let text = redact(&String::from_utf8_lossy(&self.0));
        // A log that cannot be written must not stop the work.
        let _ = io::stderr().write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = io::stderr().write_all(b"\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_are_hidden_by_value_and_others_by_shape() {
        hide("correct-horse-battery");
        hide("a");
        assert_eq!(redact("got correct-horse-battery"), "got REDACTED");
        assert_eq!(
            redact("password=hunter2 and a cat"),
            "password=REDACTED and a cat"
        );
    }
}
