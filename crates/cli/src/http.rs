//! The HTTP options of every client that the command line makes.

use azml_core::transport::transport;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};

use crate::failure::Result;
use crate::settings::Settings;

/// A person waits: give up sooner than a program would.
const RETRIES: u32 = 3;

/// Options for a client: our transport and certificate authority, few retries.
pub(crate) fn client_options(settings: &Settings) -> Result<ClientOptions> {
    Ok(ClientOptions {
        transport: Some(transport(&settings.transport())?),
        ..retrying_options()
    })
}

/// The same for clients that make their own transports.
pub(crate) fn retrying_options() -> ClientOptions {
    ClientOptions {
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: RETRIES,
            ..ExponentialRetryOptions::default()
        }),
        ..ClientOptions::default()
    }
}
